"""What the processor asks of an accounting system. One folder a system implements it and passes ``tests/accounting_contract``."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from schemas.records.integration import Integration
from schemas.records.outcome import Change, LeftAlone
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered

FRESH_FOR: Final = timedelta(seconds=60)
"""How old an observation may be on which a hold is placed or released, or an insurance row created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the system held of one provider at ``at``. ``provider`` is the system's own reading, opaque to the processor."""

    provider_id: str
    provider: Any
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls that turn what is observed into what VIVE says, and what is left alone and why.

    ``calls`` are the system's own, in the order in which they are made. ``requires_fresh_observation``: a decision may not be
    taken on so old an observation: observe this provider again and plan anew; such a plan is never applied.
    ``delivered`` is what the row remembers once the plan is applied (or, with no calls, at once).
    """

    provider_id: str
    calls: tuple[Any, ...] = ()
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    delivered: Delivered = field(default_factory=Delivered)
    requires_fresh_observation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a plan came to: ``left_alone`` was accepted and not stored; ``calls`` counts reads back too."""

    delivered: Delivered
    left_alone: tuple[LeftAlone, ...] = ()
    calls: int = 0


BeforeWrite = Callable[[], Awaitable[None]]
"""Ends once the write may be made. It may never end: then the caller has lost the right to write, and cancels."""


async def at_once() -> None:
    """Let every write be made."""


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
        """Make the plan's calls in order, and read back what a call's answer does not tell.

        ``before_write`` is awaited before each call that writes.

        Raises:
            AccountingError: a call failed. Those before it were made; observe again before the next plan.
        """

    async def aclose(self) -> None:
        """Close its connections."""
