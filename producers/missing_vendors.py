"""Vendors of the table without a record on ``vive.vendor-record``, and the tombstones that delete them."""

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import NamedTuple

from messaging.producer import OutgoingRecord
from messaging.topic_reader import ConsumedRecord
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD
from schemas.wire.codec import Codec, UndecodableError


class TableVendor(NamedTuple):
    """A vendor whose row holds a record, and the number of its partition in all topics."""

    key: VendorKey
    partition: int


def vendors_with_record(rows: Iterable[ConsumedRecord], codec: Codec) -> set[TableVendor]:
    """The vendors whose newest row holds a record. A row that can't be read is left out (``vive-sync table check``).

    Args:
        rows: all records of the table's changelog, each partition in its order.
        codec: decodes them.
    """
    found: set[TableVendor] = set()
    for record in rows:
        with suppress(ValueError):
            vendor = TableVendor(VendorKey.from_bytes(record.key), record.partition)
            if _holds_record(record.value, codec):
                found.add(vendor)
            else:
                found.discard(vendor)
    return found


def _holds_record(row: bytes | None, codec: Codec) -> bool:
    try:
        return row is not None and codec.decode(VendorRow, row).record is not None
    except UndecodableError:
        return False


def missing(vendors: AbstractSet[TableVendor], records: Iterable[ConsumedRecord]) -> list[TableVendor]:
    """The vendors that have neither a record nor a tombstone on the topic, by partition and key.

    Args:
        vendors: the vendors of the table.
        records: all records of ``vive.vendor-record``, read after the table was: every row comes from an earlier record.
    """
    left = set(vendors)
    for record in records:
        with suppress(ValueError):
            left.discard(TableVendor(VendorKey.from_bytes(record.key), record.partition))
    return sorted(left, key=lambda vendor: (vendor.partition, vendor.key))


def tombstones(vendors: Collection[TableVendor]) -> list[OutgoingRecord]:
    """The records that delete these vendors, each for the partition of its row."""
    return [OutgoingRecord(VENDOR_RECORD.name, vendor.key.to_bytes(), None, vendor.partition) for vendor in vendors]
