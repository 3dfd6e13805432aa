"""Vendors of the table without a record, by the records of both topics."""

from messaging.producer import OutgoingRecord
from messaging.topic_reader import ConsumedRecord
from producers.missing_vendors import TableVendor, missing, tombstones, vendors_with_record
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec
from tests.support.messages import vendor_record

CODEC = Codec()
V1, V2 = TableVendor(VendorKey("acme", "v1"), 3), TableVendor(VendorKey("acme", "v2"), 3)


def row_of(vendor: TableVendor, *, record: bool = True) -> ConsumedRecord:
    held = vendor_record(client_id=vendor.key.client_id, vendor_id=vendor.key.vendor_id) if record else None
    value = CODEC.encode(VendorRow(record=held), topic=VENDOR_TABLE_CHANGELOG.name)
    return ConsumedRecord(VENDOR_TABLE_CHANGELOG.name, vendor.partition, 0, vendor.key.to_bytes(), value)


def record_of(vendor: TableVendor, value: bytes | None = b"anything") -> ConsumedRecord:
    return ConsumedRecord(VENDOR_RECORD.name, vendor.partition, 0, vendor.key.to_bytes(), value)


def test_the_newest_row_of_a_vendor_counts() -> None:
    assert vendors_with_record([row_of(V1), row_of(V2)], CODEC) == {V1, V2}
    assert vendors_with_record([row_of(V1), row_of(V1, record=False)], CODEC) == set()
    assert vendors_with_record([row_of(V1), row_of(V1)._replace(value=None)], CODEC) == set()


def test_rows_that_can_not_be_read_are_left_to_another_command() -> None:
    unreadable = [row_of(V1)._replace(value=b"\x00"), row_of(V2)._replace(key=b"no vendor")]
    assert vendors_with_record(unreadable, CODEC) == set()


def test_a_vendor_with_a_record_or_a_tombstone_is_not_missing() -> None:
    assert missing({V1, V2}, []) == [V1, V2]
    assert missing({V1, V2}, [record_of(V1), record_of(V2, None)._replace(key=None)]) == [V2]
    assert missing({V1, V2}, [record_of(V1, None), record_of(V2)]) == []


def test_a_record_on_another_partition_is_not_the_vendor_s_own() -> None:
    assert missing({V1}, [record_of(V1)._replace(partition=4)]) == [V1]


def test_a_tombstone_goes_to_the_partition_of_the_row() -> None:
    (tombstone,) = tombstones([V1])
    assert tombstone == OutgoingRecord(VENDOR_RECORD.name, b"acme:v1", None, 3)
