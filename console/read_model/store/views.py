"""The read model's views. Times are in UTC; every list comes a page at a time, with the cursor of the next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from schemas.records.integration import Integration, UnreadableIntegration
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord

T = TypeVar("T")
MAX_COUNTED: Final = 1000
"""Of a search's finds: a total of this many means so many or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list. ``next_cursor`` None: there is no more. ``total`` counts the whole list under its filter.

    With a search it counts to ``MAX_COUNTED`` and no further.
    """

    items: tuple[T, ...]
    next_cursor: str | None
    total: int


class VendorState(StrEnum):
    """The state of a vendor: at its client, or in one run."""

    QUEUED = "queued"
    """An event waits for an outcome, and no write has begun."""
    WRITING = "writing"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left_alone"
    """Agrees in all that VIVE may write, and something else that differs was left, with the reason."""
    FAILED = "failed"
    REJECTED = "rejected"
    MISSING = "missing"
    PARKED = "parked"
    SKIPPED = "skipped"
    UNLINKED = "unlinked"
    NEVER_SYNCED = "never_synced"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run and its counts. Every linked vendor of it counts once in ``by_state``; the unlinked stand apart."""

    run_id: str
    client_id: str
    requested_by: str
    cause: str
    at: datetime
    refusal: str | None
    expanded: bool
    """Whether every partition has reported all its vendors."""
    done: bool
    ended_at: datetime | None
    """When the last vendor was settled; None while the run goes on."""
    queued: int
    already_in_progress: int
    unlinked: int
    unknown: int
    by_state: dict[VendorState, int]
    revision: int
    """Grows with every change of this view."""

    @property
    def total(self) -> int:
        """Linked vendors."""
        return self.queued + self.already_in_progress

    @property
    def settled(self) -> int:
        """Vendors with an outcome."""
        return sum(n for state, n in self.by_state.items() if state not in {VendorState.QUEUED, VendorState.WRITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorLine:
    """One line of a list of vendors."""

    vendor_id: str
    name: str
    """Legal name, or the id where VIVE has none."""
    provider_id: str | None
    state: VendorState
    reason: str | None
    """The reason of the state, as a sentence, where there is one."""
    at: datetime | None
    """When its last outcome came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorDetail:
    """One vendor: VIVE's record of it, and its last outcomes, newest first (each with before, after, and the fields left)."""

    line: VendorLine
    record: VendorRecord | None
    outcomes: tuple[VendorSyncOutcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLine:
    """One dead letter. ``letter_id`` is ``partition-offset``; ``state`` is ``open``, ``redriven`` or ``discarded``."""

    letter_id: str
    vendor_id: str | None
    code: str
    reason: str
    at: datetime
    state: str
    handled_by: str | None
    handled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """A client's integration, and what needs a person."""

    integration: Integration | UnreadableIntegration
    vendors: int
    linked: int
    parked: int
    """Vendors that wait because Vantaca refuses the client's credentials, or because its integration can't be read."""
    missing: int
    rejected: int
    failed: int
    open_dead_letters: int
    by_state: dict[VendorState, int]
