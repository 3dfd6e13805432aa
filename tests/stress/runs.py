"""Runs over vendors that differ, and the questions whether anything was lost or doubled."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from accounting.vantaca.sandbox import Provider
from schemas.vendor_record import VendorRecord
from tests.chaos.questions import uncommitted
from tests.stress.scene import Scene
from tests.support.slowness import patient

SETTLE_SECONDS: Final = 120.0
COMMIT_SECONDS: Final = 20.0
FEW: Final = 5


class Runs:
    """The runs of a scene, one after the other."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._next = 0
        self._pressed: list[str] = []
        self._touched: set[int] = set()

    async def press(self, count: int) -> str:
        """Press for the next so many vendors, each of which differs in status and lacks its insurance row; the run's id."""
        numbers = [(self._next + step) % self._scene.vendors + 1 for step in range(count)]
        self._next += count
        self._touched.update(numbers)
        self._scene.world.providers(numbers, compliance_status="Pending")
        run_id = await self._scene.world.press(tuple(f"v{number}" for number in numbers))
        self._pressed.append(run_id)
        return run_id

    async def settle(self) -> None:
        """Wait until the last run is settled; note it if it is not in time."""
        try:
            await self._scene.world.settled(self._pressed[-1], seconds=SETTLE_SECONDS)
        except AssertionError as error:
            self._scene.seen.wrong.append(f"run {self._pressed[-1]}: {str(error).splitlines()[0]}")

    async def check(self) -> None:
        """Note what was lost, doubled or not committed, and every dead letter."""
        scene = self._scene
        providers = scene.world.company.providers
        scene.seen.wrong += differing(scene.beacons.values(), providers)[:FEW]
        scene.seen.wrong += unequal(self._touched, providers)[:FEW]
        scene.seen.wrong += await self._uncommitted()
        scene.seen.wrong += [f"dead letter: {one.code}: {one.reason}" for one in await scene.world.dead_letters()][:FEW]

    async def _uncommitted(self) -> list[str]:
        found: list[str] = []
        until = asyncio.get_running_loop().time() + patient(COMMIT_SECONDS)
        while asyncio.get_running_loop().time() < until:
            found = await asyncio.to_thread(uncommitted, self._scene.world)
            if not found:
                break
            await asyncio.sleep(0.5)
        return found


def unequal(numbers: Iterable[int], providers: Mapping[int, Provider]) -> list[str]:
    """A sentence for each vendor of finished runs whose provider lacks what was to be written, or has it twice."""
    found = []
    for number in sorted(numbers):
        provider = providers[number]
        if provider.compliance_status != "Approved":
            found.append(f"provider {number} is {provider.compliance_status}, not Approved")
        if len(provider.provider_insurance) != 1:
            found.append(f"provider {number} has {len(provider.provider_insurance)} insurance rows, not 1")
    return found


def differing(records: Iterable[VendorRecord], providers: Mapping[int, Provider]) -> list[str]:
    """A sentence for each record whose provider is not as compliant as it says."""
    return [
        f"provider {record.provider_id} is compliant={provider.compliant}, not {record.compliant}"
        for record in records
        if (provider := providers[int(record.provider_id or 0)]).compliant != record.compliant
    ]
