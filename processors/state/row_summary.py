"""The facts of a vendor's row that the worker keeps beside it."""

from typing import Final

from processors.state.shard import Summary
from schemas.records.outcome import Status
from schemas.records.vendor_record import Origin
from schemas.records.vendor_row import VendorRow

_UNSYNCED: Final = frozenset({None, Status.SKIPPED.value})


def summary_of(row: VendorRow, topic_id: str) -> Summary:
    """Return the summary of a row; offsets of a ``vendor-sync`` topic with another id than ``topic_id`` answer nothing."""
    return Summary(
        known=row.record is not None or row.trouble is not None,
        linked=row.trouble is not None or (row.record is not None and row.record.provider_id is not None),
        answered_through=row.through_offset if row.topic_id == topic_id else -1,
        parked=row.parked,
        next_attempt_at=None if row.next_attempt_at is None else row.next_attempt_at.timestamp(),
        unsynced_change=row.status in _UNSYNCED and _syncs_by_itself(row),
        stale_records=row.stale_records,
    )


def _syncs_by_itself(row: VendorRow) -> bool:
    """Whether the newest record of the vendor leads to a sync without a run: a change of a linked vendor, or an unusable one."""
    record = row.record
    is_change = record is not None and record.provider_id is not None and record.origin is Origin.CHANGE
    return is_change or row.trouble is not None
