"""From a vendor record to the row that keeps it, and to an event when the vendor is synced at once."""

from dataclasses import dataclass, replace
from datetime import datetime

from accounting.push_fingerprint import fingerprint
from schemas.kept_record import ReadAt, is_stale, with_record, with_tombstone, with_unreadable
from schemas.records.integration import KnownIntegration, UnreadableIntegration, eligible
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import RecordTrouble, VendorRow
from schemas.records.vendor_sync import Cause, VendorSync


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A change of a linked vendor that is kept and not judged yet, since that takes the integration."""

    before: VendorRow
    """The vendor's row before the change; before the first one where several wait."""
    record: VendorRecord
    certain: bool = False
    """Whether the vendor is to be synced whatever the comparison with ``before`` shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision:
    """The result of a vendor record.

    ``row`` is None when nothing is kept, ``change`` when there is nothing to judge; ``trouble`` becomes a dead letter.
    """

    row: VendorRow | None
    change: RecordChange | None = None
    trouble: RecordTrouble | None = None


def keep_record(row: VendorRow | None, record: VendorRecord, read: ReadAt, *, accepted: bool = False) -> RecordDecision:
    """Keep the record unless it is stale; a change of a linked vendor is also to be judged.

    A record that ends the trouble with the one before it, or that a person has put in force (``accepted``), is always
    followed by a sync: the one before it was not pushed.
    """
    before = row or VendorRow()
    kept = with_record(before, record, read, accepted=accepted)
    if is_stale(before, record) and not accepted:
        return _not_usable(before, kept, read)
    if kept.trouble is not None:
        return RecordDecision(row=None)  # Read again after a crash, before the record that VIVE can't act on.
    certain = accepted or before.trouble is not None
    if record.provider_id is None or (record.origin is Origin.SNAPSHOT and not certain):
        return RecordDecision(row=kept)
    return RecordDecision(row=kept, change=RecordChange(before=before, record=record, certain=certain))


def doubt_record(row: VendorRow | None, code: str, reason: str, read: ReadAt) -> RecordDecision:
    """Keep what is wrong with a record that can't be read. The last good one stays; a linked vendor is synced at once."""
    before = row or VendorRow()
    return _not_usable(before, with_unreadable(before, code, reason, read), read)


def _not_usable(before: VendorRow, kept: VendorRow, read: ReadAt) -> RecordDecision:
    trouble = kept.trouble
    if trouble is None or (trouble.partition, trouble.offset) != (read.partition, read.offset):
        return RecordDecision(row=kept)  # A stale record that is not newer either.
    record = kept.record
    if record is None or record.provider_id is None or not _is_news(before.trouble, trouble):
        return RecordDecision(row=kept, trouble=trouble)
    return RecordDecision(row=kept, trouble=trouble, change=RecordChange(before=before, record=record, certain=True))


def _is_news(earlier: RecordTrouble | None, trouble: RecordTrouble) -> bool:
    """Whether the vendor is synced for this trouble. The same one again comes after a crash, which may have lost the event."""
    if earlier is None or (earlier.partition, earlier.offset) == (trouble.partition, trouble.offset):
        return True
    return (earlier.code, earlier.payment_hold, earlier.hold_reason) != (
        trouble.code,
        trouble.payment_hold,
        trouble.hold_reason,
    )


def joined(earlier: RecordChange | None, later: RecordChange) -> RecordChange:
    """Make one change of those of a vendor that wait to be judged."""
    return later if earlier is None else replace(later, before=earlier.before, certain=True)


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
    if change.certain:
        return True
    before, pushed = change.before, fingerprint(change.record, integration)
    return (
        pushed != before.settled_fingerprint
        or before.record is None
        or pushed != fingerprint(before.record, integration)
    )


def forget_record(row: VendorRow | None, read: ReadAt) -> RecordDecision:
    """Remove the record after a tombstone, and keep what was answered and delivered; nothing where there is no row."""
    return RecordDecision(row=None if row is None else with_tombstone(row, read))
