"""The event that one vendor is to be synced."""

from enum import StrEnum
from typing import ClassVar

from schemas.message import Identifier, Timestamp
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorMessage


class Cause(StrEnum):
    """The cause of the sync of one vendor."""

    SYNC_ALL = "sync_all"
    VENDOR_CHANGED = "vendor_changed"
    RETRY = "retry"
    REDRIVE = "redrive"
    RECONCILE = "reconcile"


class VendorSync(VendorMessage):
    """This vendor is to be synced. ``run_id`` is None outside a run; ``attempt`` counts from 1."""

    SCHEMA: ClassVar[str] = "vendor_sync"
    LARGEST: ClassVar[int] = 256 * 1024

    lane: Lane
    cause: str
    run_id: Identifier | None = None
    attempt: int = 1
    requested_by: str = ""
    requested_at: Timestamp
