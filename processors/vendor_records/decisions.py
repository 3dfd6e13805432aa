"""From a vendor record to the row that keeps it, and to an event when the vendor is synced at once."""

from dataclasses import dataclass, replace
from datetime import datetime

from accounting.push_fingerprint import fingerprint
from schemas.records.integration import KnownIntegration, UnreadableIntegration, eligible
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A ``change`` of a linked vendor that is kept and not judged yet, since that takes the integration."""

    before: VendorRow
    """The vendor's row before the change; before the first one where several wait."""
    record: VendorRecord
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision:
    """The result of a vendor record. ``row`` is None when nothing is kept, ``change`` None when there is nothing to judge."""

    row: VendorRow | None
    change: RecordChange | None = None


def keep_record(row: VendorRow | None, record: VendorRecord, now: datetime) -> RecordDecision:
    """Keep the record unless it is stale; a change of a linked vendor is also to be judged."""
    row = row or VendorRow()
    if row.record is not None and record.version < row.record.version:
        return RecordDecision(row=None)
    kept = row.model_copy(update={"record": record, "updated_at": now})
    if record.origin is Origin.SNAPSHOT or record.provider_id is None:
        return RecordDecision(row=kept)
    return RecordDecision(row=kept, change=RecordChange(before=row, record=record))


def joined(earlier: RecordChange | None, later: RecordChange) -> RecordChange:
    """Make one change of those of a vendor that wait to be judged."""
    return later if earlier is None else replace(later, before=earlier.before, several=True)


def judge(change: RecordChange, integration: KnownIntegration, now: datetime) -> VendorSync | None:
    """Return the event that syncs the vendor, or None when nothing that is pushed has changed.

    "Changed" compares with the record kept before and with the last record that reached the accounting system. The second
    comparison repeats the event of a record that is read again after a crash, which may have lost the event. Several changes
    that waited together count as changed: an attempt may have taken one between the first and the last. While the integration
    can't be read, nobody knows what it pushes: the event parks the vendor, which is synced once the integration can be read.
    """
    if not _to_be_pushed(change, integration):
        return None
    return event_of_change(change.record.key, now)


def event_of_change(key: VendorKey, now: datetime) -> VendorSync:
    """Make the event that syncs a vendor after a change in VIVE."""
    return VendorSync(
        client_id=key.client_id,
        vendor_id=key.vendor_id,
        lane=Lane.LIVE,
        cause=Cause.VENDOR_CHANGED,
        requested_by="VIVE",
        requested_at=now,
    )


def _to_be_pushed(change: RecordChange, known: KnownIntegration) -> bool:
    if isinstance(known, UnreadableIntegration):
        return True
    integration = eligible(change.record.client_id, known)
    if integration is None:
        return False
    if change.several:
        return True
    before, pushed = change.before, fingerprint(change.record, integration)
    return (
        pushed != before.settled_fingerprint
        or before.record is None
        or pushed != fingerprint(before.record, integration)
    )


def forget_record(row: VendorRow | None, now: datetime) -> VendorRow | None:
    """Remove the record after a tombstone, and keep what was answered and delivered. None when there is no row."""
    return None if row is None else row.model_copy(update={"record": None, "updated_at": now})
