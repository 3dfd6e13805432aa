"""Puts a vendor's newest good record in force, whatever its version and whatever came after it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from messaging.producer import OutgoingRecord
from messaging.topic_reader import ConsumedRecord
from schemas.errors import ViveSyncError
from schemas.forwarded_record import is_outdated_copy
from schemas.kept_record import ACCEPT_VERSION
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD
from schemas.wire.codec import Codec, UndecodableError


class NoGoodRecordError(ViveSyncError, LookupError):
    """There is no record of the vendor that could be put in force. The text says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class VendorRepair:
    """The record to put in force, and the vendor's row as the workers have it."""

    record: VendorRecord
    row: VendorRow | None

    @property
    def is_needed(self) -> bool:
        """Whether the record is not in force yet, or a later one that can't be used keeps VIVE from acting on it."""
        return self.row is None or self.row.record != self.record or self.row.trouble is not None


def repair_of(
    records: Iterable[ConsumedRecord], key: VendorKey, codec: Codec, *, version: int | None = None
) -> VendorRepair:
    """The repair of one vendor: its good record that was changed last in VIVE.

    Args:
        records: all records of ``vendor-record`` and of the vendor table's changelog in the vendor's partition, each topic in
            its order.
        key: the vendor.
        codec: decodes them.
        version: only a record of this version; None: of any.

    Raises:
        NoGoodRecordError: there is none, or VIVE has deleted the vendor.
    """
    key_bytes, on_topic, row = key.to_bytes(), list[ConsumedRecord](), None
    for record in records:
        if record.key != key_bytes:
            continue
        if record.topic == VENDOR_RECORD.name:
            on_topic.append(record)
            continue
        with suppress(UndecodableError):
            row = codec.decode(VendorRow, record.value)
    good, deleted = _good(on_topic, row, codec)
    if deleted:
        raise NoGoodRecordError(
            f"VIVE deleted vendor {key}: its last record is a deletion, so there is nothing to repair."
        )
    if row is not None and row.record is not None:
        good.insert(0, row.record)
    return VendorRepair(record=_newest(good, key, version), row=row)


def _good(records: list[ConsumedRecord], row: VendorRow | None, codec: Codec) -> tuple[list[VendorRecord], bool]:
    """The records that can be read since the last deletion, and whether the deletion is the last of all."""
    good: list[VendorRecord] = []
    deleted = False
    for record in records:
        if record.value is None:
            good.clear()
            deleted = True
            continue
        content = None
        with suppress(UndecodableError):
            content = codec.decode_keyed(VendorRecord, record.key, record.value)
        if content is not None and is_outdated_copy(row, content, record.headers):
            continue
        deleted = False
        if content is not None:
            good.append(content)
    return good, deleted


def _newest(good: list[VendorRecord], key: VendorKey, version: int | None) -> VendorRecord:
    found = [record for record in good if version in {None, record.version}]
    if not good:
        raise NoGoodRecordError(f"No record of vendor {key} can be read. Have VIVE send a correct one.")
    if not found:
        there = ", ".join(str(number) for number in sorted({record.version for record in good}))
        raise NoGoodRecordError(f"No record of vendor {key} has version {version}. There are versions {there}.")
    # Of several that were changed at the same time, the one that came last.
    return max(reversed(found), key=lambda record: record.updated_at)


def outgoing(repair: VendorRepair, codec: Codec, *, person: str) -> OutgoingRecord:
    """The record that workers put in force when they read it; its header names the person."""
    value = codec.encode(repair.record, topic=VENDOR_RECORD.name)
    headers = ((ACCEPT_VERSION, person.encode()),)
    return OutgoingRecord(VENDOR_RECORD.name, repair.record.key.to_bytes(), value, headers=headers)
