"""Runs over vendors that differ, and the questions whether anything was lost or doubled."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from accounting.vantaca.sandbox import Provider
from console.runs import status_of
from producers.kafka import KafkaAwayError
from schemas.vendor_record import VendorRecord
from tests.chaos.questions import uncommitted
from tests.stress.scene import Scene
from tests.support.slowness import patient

SETTLE_SECONDS: Final = 120.0
COMMIT_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.2
FEW: Final = 5


class Runs:
    """The runs of a scene. Vendors take part in turn, and are made to differ before each run."""

    def __init__(self, scene: Scene) -> None:
        self.unsettled: list[str] = []
        """Runs that were not yet settled when last looked at."""
        self.pressing = asyncio.Lock()
        """Held by who presses, where several do: vendors that a run is about must not be made to differ."""
        self._scene = scene
        self._next = 0
        self._prepared: list[int] = []
        self._touched: set[int] = set()

    async def press(self, count: int) -> None:
        """Press for the next so many vendors, each of which differs in status and lacks its insurance row.

        Raises:
            KafkaAwayError: Kafka does not have it. The next press is for the same vendors.
        """
        world = self._scene.world
        if not self._prepared:
            self._prepared = [(self._next + step) % self._scene.vendors + 1 for step in range(count)]
            self._next += count
            self._touched.update(self._prepared)
            world.providers(self._prepared, compliance_status="Pending")
        self.unsettled.append(await world.press(tuple(f"v{number}" for number in self._prepared)))
        self._prepared = []

    async def look(self) -> None:
        """Forget the runs that are settled.

        Raises:
            KafkaAwayError: Kafka does not answer.
        """
        world = self._scene.world
        for run_id in list(self.unsettled):
            if (await asyncio.to_thread(status_of, world.bootstrap, run_id, world.codec)).done:
                self.unsettled.remove(run_id)

    async def settle(self) -> None:
        """Wait until all runs are settled; note those that are not in time."""
        until = time.monotonic() + patient(SETTLE_SECONDS)
        while self.unsettled and time.monotonic() < until:
            with suppress(KafkaAwayError):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)
        self._scene.seen.wrong += [f"run {run_id} is not settled" for run_id in self.unsettled]
        self.unsettled = []

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
        until = time.monotonic() + patient(COMMIT_SECONDS)
        while time.monotonic() < until:
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
