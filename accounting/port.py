"""The interface between the processor and an accounting system.

Each system has a folder that implements it and passes ``tests/accounting_contract``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from schemas.records.integration import Integration
from schemas.records.outcome import Change, LeftAlone
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered

FRESH_FOR: Final = timedelta(seconds=60)
"""The greatest age of an observation by which a hold is placed or released, or an insurance row is created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One provider as the system held it at the time ``at``. The processor does not look into ``provider``."""

    provider_id: str
    provider: Any
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls that turn the observed provider into the desired one, and the fields that are left alone with reasons.

    Attributes:
        provider_id: the provider.
        calls: calls in the system's own form, in the order in which they are made.
        changes: the fields that the calls write.
        left_alone: the fields that differ and are not written.
        delivered: the values to keep in the row after the plan is applied, or now where there are no calls.
        requires_fresh_observation: the observation is too old for a decision. Observe the provider again and make another
            plan; such a plan is never applied.
    """

    provider_id: str
    calls: tuple[Any, ...] = ()
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    delivered: Delivered = field(default_factory=Delivered)
    requires_fresh_observation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The result of applying a plan. ``left_alone``: accepted and not stored. ``calls`` includes reads back."""

    delivered: Delivered
    left_alone: tuple[LeftAlone, ...] = ()
    calls: int = 0


BeforeWrite = Callable[[], Awaitable[None]]
"""Returns when the write may be made. It never returns after the caller has lost the right to write; the caller cancels it."""


async def at_once() -> None:
    """Allow every write."""


class AccountingSystem(Protocol):
    """An accounting system, for any client whose integration names it."""

    async def observe_all(self, integration: Integration) -> Mapping[str, Observed]:
        """Every provider of the client by id, in one call.

        Raises:
            AccountingError: it could not be read.
        """

    async def observe_one(self, integration: Integration, provider_id: str) -> Observed:
        """One provider.

        Raises:
            ProviderMissingError: there is none of this id.
            AccountingError: it could not be read.
        """

    def plan(
        self, record: VendorRecord, observed: Observed, integration: Integration, delivered: Delivered, now: datetime
    ) -> Plan:
        """Decide, without any I/O, what to write and what to leave alone. ``record`` is linked to ``observed``."""

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        """Make the plan's calls in order, and read back what the answer to a call does not contain.

        ``before_write`` is awaited before each call that writes.

        Raises:
            AccountingError: a call failed. Those before it were made; observe again before the next plan.
        """

    async def aclose(self) -> None:
        """Close its connections."""
