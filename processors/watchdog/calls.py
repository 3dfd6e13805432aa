"""The calls to accounting systems as the watchdog sees them: which are under way, and whether they get on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounting.port import AccountingSystem, Applied, BeforeWrite, Observed, Plan, at_once
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered

LONGEST_STEP: Final = 5
"""As a multiple of an integration's time limit, how long a healthy system may be silent: a bulk read takes up to four."""


class Calls:
    """Counts the steps of calls, and knows until when those under way may be silent."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self.steps = 0
        """How often a call was begun, got on or ended."""
        self._monotonic = monotonic
        self._silent_until: dict[object, float] = {}

    def any_pending(self) -> bool:
        """Whether the answer to some call may yet come."""
        now = self._monotonic()
        return any(until > now for until in self._silent_until.values())

    def any_overdue(self) -> bool:
        """Whether some call has been silent for longer than any answer takes."""
        now = self._monotonic()
        return any(until <= now for until in self._silent_until.values())

    @contextmanager
    def call(self, integration: Integration, *, counts: bool) -> Iterator[Callable[[], None]]:
        """A call is under way; what is yielded is to be called when it gets on."""
        call = object()

        def touch() -> None:
            self.steps += counts
            self._silent_until[call] = self._monotonic() + LONGEST_STEP * integration.timeout_seconds

        touch()
        try:
            yield touch
        finally:
            self.steps += counts
            del self._silent_until[call]


@dataclass(frozen=True, kw_only=True)
class WatchedSystem:
    """An accounting system whose calls are seen. ``counts`` False: they can be waited for, but are no work (a probe)."""

    system: AccountingSystem
    calls: Calls
    counts: bool = True

    async def observe_all(self, integration: Integration) -> Mapping[str, Observed]:
        """As the system does."""
        with self.calls.call(integration, counts=self.counts):
            return await self.system.observe_all(integration)

    async def observe_one(self, integration: Integration, provider_id: str) -> Observed:
        """As the system does."""
        with self.calls.call(integration, counts=self.counts):
            return await self.system.observe_one(integration, provider_id)

    def plan(
        self, record: VendorRecord, observed: Observed, integration: Integration, delivered: Delivered, now: datetime
    ) -> Plan:
        """As the system does."""
        return self.system.plan(record, observed, integration, delivered, now)

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        """As the system does; each write is a step."""
        with self.calls.call(integration, counts=self.counts) as touch:

            async def step() -> None:
                await before_write()
                touch()

            return await self.system.apply(integration, plan, before_write=step)

    async def aclose(self) -> None:
        """As the system does."""
        await self.system.aclose()
