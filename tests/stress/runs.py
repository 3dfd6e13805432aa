"""Runs over vendors whose providers differ, and the checks whether anything was lost or doubled."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from accounting.vantaca.sandbox import Provider
from console.topic_queries.runs import status_of
from messaging.producer import KafkaUnavailableError
from schemas.records.vendor_record import VendorRecord
from tests.chaos.invariants import uncommitted
from tests.stress.harness import Harness
from tests.support.slowness import patient

SETTLE_SECONDS: Final = 120.0
COMMIT_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.2
FEW: Final = 5


class Runs:
    """The runs of a harness. Vendors take part in turn, and are made to differ before each run."""

    def __init__(self, harness: Harness) -> None:
        self.unsettled: list[str] = []
        """The ids of runs that are not known to be settled."""
        self.pressing = asyncio.Lock()
        """Held during a press, so that no provider is changed while a run over it is under way."""
        self._harness = harness
        self._next = 0
        self._prepared: list[int] = []
        self._touched: set[int] = set()

    async def press(self, count: int) -> None:
        """Press for the next so many vendors, each of which differs in status and lacks its insurance row.

        Raises:
            KafkaUnavailableError: Kafka does not have it. The next press is for the same vendors.
        """
        world = self._harness.world
        if not self._prepared:
            self._prepared = [(self._next + step) % self._harness.vendors + 1 for step in range(count)]
            self._next += count
            self._touched.update(self._prepared)
            world.providers(self._prepared, compliance_status="Pending")
        self.unsettled.append(await world.press(tuple(f"v{number}" for number in self._prepared)))
        self._prepared = []

    async def forget_settled(self) -> None:
        """Forget the runs that are settled.

        Raises:
            KafkaUnavailableError: Kafka does not answer.
        """
        world = self._harness.world
        for run_id in list(self.unsettled):
            if (await asyncio.to_thread(status_of, world.bootstrap, run_id, world.codec)).done:
                self.unsettled.remove(run_id)

    async def settle(self) -> None:
        """Wait until all runs are settled; note those that are not in time."""
        if self._prepared:
            await self.press(0)
        until = time.monotonic() + patient(SETTLE_SECONDS)
        while self.unsettled and time.monotonic() < until:
            with suppress(KafkaUnavailableError):
                await self.forget_settled()
            await asyncio.sleep(LOOK_SECONDS)
        self._harness.note_wrong(f"run {run_id} is not settled" for run_id in self.unsettled)
        self.unsettled = []

    async def check(self) -> None:
        """Note what was lost, doubled or not committed, and every dead letter."""
        harness = self._harness
        providers = harness.world.company.providers
        wrong = unequal(self._touched, providers)
        harness.note_wrong(differing(harness.probes.values(), providers)[:FEW])
        harness.note_wrong([f"{what}; {await self._history(number)}" for number, what in list(wrong.items())[:FEW]])
        harness.note_wrong(await self._uncommitted())
        letters = await harness.world.dead_letters()
        harness.note_wrong(f"dead letter: {one.code}: {one.reason}" for one in letters[:FEW])

    async def _history(self, number: int) -> str:
        """The last calls that wrote a provider, and the last outcomes of its vendor: who wrote what when."""
        world = self._harness.world
        writes = [call for call in world.sandbox.call_log.calls if call.method == "POST"]
        calls = [call for call in writes if str(call.parameters.get("providerid")) == str(number)][-FEW:]
        outcomes = (await world.outcomes(f"v{number}"))[-FEW:]
        return "; ".join(
            [f"{call.path} at {datetime.fromtimestamp(call.at, UTC):%H:%M:%S.%f}" for call in calls]
            + [f"{one.status} by {one.worker} at {one.at:%H:%M:%S.%f}" for one in outcomes]
        )

    async def _uncommitted(self) -> list[str]:
        found: list[str] = []
        until = time.monotonic() + patient(COMMIT_SECONDS)
        while time.monotonic() < until:
            found = await asyncio.to_thread(uncommitted, self._harness.world)
            if not found:
                break
            await asyncio.sleep(0.5)
        return found


def unequal(numbers: Iterable[int], providers: Mapping[int, Provider]) -> dict[int, str]:
    """For each of these providers to which something was not written, or was written twice, a sentence."""
    found = {}
    for number in sorted(numbers):
        provider, rows = providers[number], len(providers[number].provider_insurance)
        if provider.compliance_status != "Approved":
            found[number] = f"provider {number} is {provider.compliance_status}, not Approved"
        elif rows != 1:
            found[number] = f"provider {number} has {rows} insurance rows, not 1"
    return found


def differing(records: Iterable[VendorRecord], providers: Mapping[int, Provider]) -> list[str]:
    """A sentence for each record whose provider has another compliance."""
    return [
        f"provider {record.provider_id} is compliant={provider.compliant}, not {record.compliant}"
        for record in records
        if (provider := providers[int(record.provider_id or 0)]).compliant != record.compliant
    ]
