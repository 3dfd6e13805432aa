"""Tracks the calls to accounting systems for the watchdog: which are under way, and whether they make progress."""

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
"""The longest silence of a healthy system, as a multiple of an integration's time limit: a bulk read takes up to four."""


class Calls:
    """Counts the steps of calls, and keeps until when each call under way may be silent."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self.steps = 0
        """The number of times that a call began, made progress or ended."""
        self._monotonic = monotonic
        self._silent_until: dict[object, float] = {}

    def any_pending(self) -> bool:
        """Whether a call is under way within its time limit."""
        now = self._monotonic()
        return any(until > now for until in self._silent_until.values())

    def any_overdue(self) -> bool:
        """Whether a call has been silent beyond its time limit."""
        now = self._monotonic()
        return any(until <= now for until in self._silent_until.values())

    @contextmanager
    def call(self, integration: Integration, *, counts: bool) -> Iterator[Callable[[], None]]:
        """Track a call for the duration of the context; call the yielded function when the call makes progress."""
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
    """An accounting system whose calls are tracked. With ``counts`` False they are no progress of the worker (a probe)."""

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
        """As the system does; each write is progress."""
        with self.calls.call(integration, counts=self.counts) as touch:

            async def step() -> None:
                await before_write()
                touch()

            return await self.system.apply(integration, plan, before_write=step)

    async def aclose(self) -> None:
        """As the system does."""
        await self.system.aclose()


def watched(systems: Mapping[str, AccountingSystem], calls: Calls, *, counts: bool) -> Mapping[str, AccountingSystem]:
    """Wrap each system so that ``calls`` sees its calls; ``counts`` as in ``WatchedSystem``."""
    return {name: WatchedSystem(system=system, calls=calls, counts=counts) for name, system in systems.items()}
