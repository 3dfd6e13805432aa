"""Repairs the vendor table's changelog where the newest record of a key holds no row, so that workers can recover it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from messaging.topic_reader import ConsumedRecord
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


def repairs(records: Iterable[ConsumedRecord], codec: Codec) -> list[Repair]:
    """The repairs that the changelog needs.

    A vendor gets its last readable row back, with its latest record. A vendor without a readable row is synced like one
    that VIVE has never sent.

    Args:
        records: all records of the changelog and of ``vendor-record``, each topic in its order.
        codec: decodes them.
    """
    rows: dict[bytes, VendorRow] = {}
    latest: dict[bytes, VendorRecord] = {}
    broken: dict[tuple[int, bytes], tuple[int, str]] = {}
    for record in records:
        key = record.key or b""
        if record.topic == VENDOR_RECORD.name and record.value is None:
            latest.pop(key, None)
            continue
        if record.topic == VENDOR_RECORD.name:
            with suppress(UndecodableError):  # a worker has made a dead letter of such a record
                latest[key] = codec.decode(VendorRecord, record.value)
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
            partition=partition, offset=offset, key=key, reason=reason, row=_row(key, rows.get(key), latest.get(key))
        )
        for (partition, key), (offset, reason) in sorted(broken.items())
    ]


def _row(key: bytes, row: VendorRow | None, record: VendorRecord | None) -> VendorRow | None:
    try:
        VendorKey.from_bytes(key)
    except ValueError:
        return None
    row = row or VendorRow()
    if record is None or (row.record is not None and row.record.version > record.version):
        return row
    return row.model_copy(update={"record": record})


def value_of(repair: Repair, codec: Codec) -> bytes | None:
    """The value to produce to the changelog under the key of the repair, into its partition; None is a tombstone."""
    return None if repair.row is None else codec.encode(repair.row, topic=VENDOR_TABLE_CHANGELOG.name)
