"""Which of a vendor's records is in force: the vendor's records, in the order of their topic, folded into its row."""

from datetime import datetime
from typing import Final, NamedTuple

from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import RecordTrouble, VendorRow
from schemas.wire.partitioning import Headers

ACCEPT_VERSION: Final = "accept-version"
"""Header of a vendor record that a person has put in force, whatever its version."""
STALE: Final = "stale"
"""Code of a record with a lower version than the record kept, although it is the newer one of the two."""
REASON_LETTERS: Final = 1000


class ReadAt(NamedTuple):
    """The position of a record on the topic of vendor records, and when it was read."""

    partition: int
    offset: int
    now: datetime


def accepts_version(headers: Headers) -> bool:
    """Whether a person has put the record with these headers in force."""
    return ACCEPT_VERSION in dict(headers or ())


def is_stale(row: VendorRow, record: VendorRecord) -> bool:
    """Whether the row keeps a record of a higher version."""
    return row.record is not None and record.version < row.record.version


def with_record(row: VendorRow, record: VendorRecord, read: ReadAt, *, accepted: bool = False) -> VendorRow:
    """The row after a readable record.

    A stale record is counted and left out. Where it is newer than the record kept (``updated_at``), versions do not tell which
    of the two is in force: the vendor is in trouble. An ``accepted`` record is kept whatever its version.
    """
    if is_stale(row, record) and not accepted:
        return _with_stale(row, record, read)
    return row.model_copy(
        update={
            "record": record,
            "last_version": _last_version(row, record.version, read),
            "record_offset": max(row.record_offset, read.offset),
            "stale_records": 0 if accepted and read.offset > row.record_offset else row.stale_records,
            "trouble": _still_in_trouble(row, read, same_state=row.record == record),
            "updated_at": read.now,
        }
    )


def with_tombstone(row: VendorRow, read: ReadAt) -> VendorRow:
    """The row after a tombstone: no record is kept, and the version of the last one is."""
    return row.model_copy(
        update={
            "record": None,
            "last_version": row.last_version if row.record is None else _last_version(row, row.record.version, read),
            "record_offset": max(row.record_offset, read.offset),
            "trouble": _still_in_trouble(row, read, same_state=row.record is None),
            "updated_at": read.now,
        }
    )


def with_unreadable(row: VendorRow, code: str, reason: str, read: ReadAt) -> VendorRow:
    """The row after a record that can't be read; ``code`` and ``reason`` as in a dead letter.

    What the record wants is not known, so a hold that a newer record than the one kept wants goes on being wanted.
    """
    before = row.trouble
    hold = (False, "") if before is None else (before.payment_hold, before.hold_reason)
    return _in_trouble(row, code, reason, read, hold)


def _with_stale(row: VendorRow, record: VendorRecord, read: ReadAt) -> VendorRow:
    kept = row.record
    if kept is None:
        raise ValueError("a row without a record has no stale ones")
    if read.offset > row.record_offset:
        row = row.model_copy(update={"stale_records": row.stale_records + 1})
    if record.updated_at > kept.updated_at:
        reason = (
            f"It has version {record.version}, lower than version {kept.version} of the record that VIVE keeps, "
            "although it was changed later."
        )
        hold = (record.payment_hold, record.hold_reason if record.payment_hold else "")
        return _in_trouble(row, STALE, reason, read, hold)
    return row.model_copy(update={"record_offset": max(row.record_offset, read.offset), "updated_at": read.now})


def _last_version(row: VendorRow, version: int, read: ReadAt) -> int:
    """The version to remember; a record that is read again after a crash is remembered already, with those after it."""
    return row.last_version if read.offset <= row.record_offset else version


def _in_trouble(row: VendorRow, code: str, reason: str, read: ReadAt, hold: tuple[bool, str]) -> VendorRow:
    trouble = RecordTrouble(
        code=code,
        reason=reason[:REASON_LETTERS],
        partition=read.partition,
        offset=read.offset,
        at=read.now if row.trouble is None else row.trouble.at,
        payment_hold=hold[0],
        hold_reason=hold[1],
    )
    offset = max(row.record_offset, read.offset)
    return row.model_copy(update={"trouble": trouble, "record_offset": offset, "updated_at": read.now})


def _still_in_trouble(row: VendorRow, read: ReadAt, *, same_state: bool) -> RecordTrouble | None:
    """The trouble that a record leaves: it was read before the unreadable one, and is read again after a crash.

    A topic that was created anew begins at offset 0, so an offset is evidence only where the record changes nothing.
    """
    trouble = row.trouble
    if trouble is None or not same_state or trouble.partition != read.partition or read.offset >= trouble.offset:
        return None
    return trouble
