"""Repairs the vendor table's changelog where the newest record of a key holds no row, so that workers can recover it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from messaging.topic_reader import ConsumedRecord
from schemas.forwarded_record import is_outdated_copy
from schemas.kept_record import ReadAt, accepts_version, with_record, with_tombstone, with_unreadable
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec, UndecodableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A key whose row can't be read, and the row that replaces it; ``row`` is None where the key names no vendor."""

    partition: int
    offset: int
    key: bytes
    reason: str
    row: VendorRow | None

    @property
    def sentence(self) -> str:
        """The fault and the repair, in one line for a person."""
        what = "is taken out: its key names no vendor" if self.row is None else "gets back what is known of it"
        return f"partition {self.partition} offset {self.offset}, key {self.key!r}: {self.reason}. It {what}."


def repairs(records: Iterable[ConsumedRecord], codec: Codec, *, now: datetime) -> list[Repair]:
    """The repairs that the changelog needs.

    A vendor gets its last readable row back, with its records in force. A vendor without a readable row is synced like one
    that VIVE has never sent.

    Args:
        records: all records of the changelog and of ``vendor-record``, each topic in its order.
        codec: decodes them.
        now: the time at which they are read.
    """
    rows: dict[bytes, VendorRow] = {}
    on_topic: dict[bytes, list[ConsumedRecord]] = defaultdict(list)
    broken: dict[tuple[int, bytes], tuple[int, str]] = {}
    for record in records:
        key = record.key or b""
        if record.topic == VENDOR_RECORD.name:
            on_topic[key].append(record)
            continue
        broken.pop((record.partition, key), None)
        if record.value is None:
            rows.pop(key, None)
            continue
        try:
            VendorKey.from_bytes(key)
            rows[key] = codec.decode(VendorRow, record.value)
        except ValueError as error:
            broken[record.partition, key] = (record.offset, str(error).rstrip("."))
    return [
        Repair(
            partition=partition,
            offset=offset,
            key=key,
            reason=reason,
            row=_row(key, rows.get(key), on_topic[key], codec, now),
        )
        for (partition, key), (offset, reason) in sorted(broken.items())
    ]


def _row(
    key: bytes, row: VendorRow | None, records: list[ConsumedRecord], codec: Codec, now: datetime
) -> VendorRow | None:
    """The last readable row, with the records that are on the topic; one that it keeps in a higher version stays in force."""
    try:
        VendorKey.from_bytes(key)
    except ValueError:
        return None
    row = row or VendorRow()
    for record in records:
        row = _after(row, record, codec, now)
    return row


def _after(row: VendorRow, record: ConsumedRecord, codec: Codec, now: datetime) -> VendorRow:
    read = ReadAt(record.partition, record.offset, now)
    if record.value is None:
        return with_tombstone(row, read)
    try:
        content = codec.decode_keyed(VendorRecord, record.key, record.value)
    except UndecodableError as error:
        return with_unreadable(row, error.code, error.reason, read)
    if is_outdated_copy(row, content, record.headers):
        return row
    return with_record(row, content, read, accepted=accepts_version(record.headers))


def value_of(repair: Repair, codec: Codec) -> bytes | None:
    """The value to produce to the changelog under the key of the repair, into its partition; None is a tombstone."""
    return None if repair.row is None else codec.encode(repair.row, topic=VENDOR_TABLE_CHANGELOG.name)
