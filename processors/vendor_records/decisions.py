"""From a vendor record to the row that keeps it, and to an event when the vendor is synced at once."""

from dataclasses import dataclass
from datetime import datetime

from accounting.push_fingerprint import fingerprint
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.sync_run import Lane
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision:
    """The result of a vendor record. ``row`` is None for a stale record, ``event`` None when nothing is queued."""

    row: VendorRow | None
    event: VendorSync | None = None


def keep_record(
    row: VendorRow | None, record: VendorRecord, integration: Integration | None, now: datetime
) -> RecordDecision:
    """Keep the record unless it is stale; sync the vendor when what is pushed has changed.

    "Changed" compares with the record kept and with the last record that reached the accounting system. The second comparison
    repeats the event of a record that is read again after a crash, which may have lost the event.
    """
    row = row or VendorRow()
    if row.record is not None and record.version < row.record.version:
        return RecordDecision(row=None)
    kept = row.model_copy(update={"record": record, "updated_at": now})
    if not _to_be_pushed(row, record, integration):
        return RecordDecision(row=kept)
    return RecordDecision(
        row=kept,
        event=VendorSync(
            client_id=record.client_id,
            vendor_id=record.vendor_id,
            lane=Lane.LIVE,
            cause=Cause.VENDOR_CHANGED,
            requested_by="VIVE",
            requested_at=now,
        ),
    )


def _to_be_pushed(row: VendorRow, record: VendorRecord, integration: Integration | None) -> bool:
    if record.origin is Origin.SNAPSHOT or record.provider_id is None:
        return False
    if integration is None or ineligible_reason(record.client_id, integration) is not None:
        return False
    pushed = fingerprint(record, integration)
    return pushed != row.settled_fingerprint or row.record is None or pushed != fingerprint(row.record, integration)


def forget_record(row: VendorRow | None, now: datetime) -> VendorRow | None:
    """Remove the record after a tombstone, and keep what was answered and delivered. None when there is no row."""
    return None if row is None else row.model_copy(update={"record": None, "updated_at": now})
