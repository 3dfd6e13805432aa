"""The result of one attempt to sync one vendor, field by field, before and after."""

from enum import StrEnum
from typing import ClassVar

from schemas.message import Identifier, Part, Timestamp
from schemas.records.vendor_key import VendorMessage


class Status(StrEnum):
    """How an attempt ended. Every status but ``writing`` settles the events up to ``through_offset``."""

    WRITING = "writing"
    """The writes are about to begin, and the changes are planned ones. A crash before the outcome leaves this record."""
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    """The attempts of this event failed; the worker retries later by itself."""
    REJECTED = "rejected"
    """The accounting system, or VIVE's own check, refuses this data until a person or a newer record corrects it."""
    MISSING = "missing"
    """The linked provider does not exist: a person must correct the link."""
    PARKED = "parked"
    """The client is paused (its credentials are refused, or its integration can't be read); goes on by itself."""
    SKIPPED = "skipped"
    """Nothing to do here: no longer linked, or the integration can't be synced any more."""


class Change(Part):
    """One field that was, or is about to be, written. Values are text as a person reads them; None means empty."""

    group: str
    field: str
    before: str | None
    after: str | None


class LeftAlone(Part):
    """One field that differs and was not written, with the reason."""

    group: str
    field: str
    observed: str | None
    desired: str | None
    code: str
    """The reason for programs: ``not_owned``, ``foreign_hold``, ``not_ours``, ``empty_value``, ``invalid_value``, ``ambiguous``,
    ``not_stored``, ``not_pushable``."""
    reason: str
    """The reason as a sentence for a person."""


class VendorSyncOutcome(VendorMessage):
    """The outcome of one vendor. ``through_offset`` is the highest ``vendor-sync`` offset that it answers."""

    SCHEMA: ClassVar[str] = "vendor_sync_outcome"

    provider_id: str | None = None
    status: Status
    through_offset: int
    topic_id: str
    run_id: Identifier | None = None
    cause: str
    requested_by: str = ""
    attempt: int = 1
    record_version: int | None = None
    changes: tuple[Change, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    reason: str | None = None
    """Why it failed, was rejected, parked or skipped, as a sentence for a person."""
    next_attempt_at: Timestamp | None = None
    calls: int = 0
    """Calls made to the accounting system for this vendor, reads included, a shared bulk read not."""
    observed_at: Timestamp | None = None
    worker: str = ""
    at: Timestamp
