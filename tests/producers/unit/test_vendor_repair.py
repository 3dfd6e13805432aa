"""Which record a repair puts in force."""

from datetime import timedelta

import pytest

from messaging.topic_reader import ConsumedRecord
from producers.vendor_repair import NoGoodRecordError, VendorRepair, outgoing, repair_of
from schemas.kept_record import ReadAt, accepts_version, with_unreadable
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec
from tests.support.messages import NOW, vendor_record

CODEC = Codec()
KEY = VendorKey("acme", "v1")
TOP = 2**63 - 1


def version(number: int, minute: int) -> VendorRecord:
    return vendor_record(version=number, updated_at=NOW + timedelta(minutes=minute))


def on_topic(offset: int, content: VendorRecord | bytes | None, key: VendorKey = KEY) -> ConsumedRecord:
    value = CODEC.encode(content, topic=VENDOR_RECORD.name) if isinstance(content, VendorRecord) else content
    return ConsumedRecord(VENDOR_RECORD.name, 3, offset, key.to_bytes(), value)


def row_of(record: VendorRecord | None, *, trouble: bool = False) -> ConsumedRecord:
    row = VendorRow(record=record)
    if trouble:
        row = with_unreadable(row, "invalid", "Not a valid VendorRecord.", ReadAt(3, 9, NOW))
    value = CODEC.encode(row, topic=VENDOR_TABLE_CHANGELOG.name)
    return ConsumedRecord(VENDOR_TABLE_CHANGELOG.name, 3, 0, KEY.to_bytes(), value)


def repair(*records: ConsumedRecord, version: int | None = None) -> VendorRepair:
    return repair_of(records, KEY, CODEC, version=version)


def test_the_record_that_was_changed_last_is_put_in_force_in_spite_of_its_version() -> None:
    top, last = version(TOP, 1), version(4, 3)
    found = repair(
        row_of(top), on_topic(0, top), on_topic(1, version(3, 2)), on_topic(2, last), on_topic(3, b"garbage")
    )
    assert (found.record, found.is_needed) == (last, True)
    record = outgoing(found, CODEC, person="Dana")
    assert (record.topic, record.key, record.partition) == (VENDOR_RECORD.name, KEY.to_bytes(), None)
    assert CODEC.decode(VendorRecord, record.value) == last
    assert accepts_version(record.headers)


def test_a_copy_of_an_older_record_that_came_last_is_not_the_one() -> None:
    assert repair(on_topic(0, version(5, 5)), on_topic(1, version(3, 3))).record == version(5, 5)


def test_of_records_that_were_changed_at_the_same_time_the_last_one_counts() -> None:
    assert repair(on_topic(0, version(5, 5)), on_topic(1, version(3, 5))).record == version(3, 5)


def test_the_record_of_the_row_counts_where_the_topic_has_no_good_one_any_more() -> None:
    found = repair(row_of(version(2, 2), trouble=True), on_topic(9, b"garbage"))
    assert (found.record, found.is_needed) == (version(2, 2), True)


def test_a_person_may_name_the_version() -> None:
    records = on_topic(0, version(5, 5)), on_topic(1, version(3, 9))
    assert repair(*records, version=5).record == version(5, 5)
    with pytest.raises(NoGoodRecordError, match=r"has version 4\. There are versions 3, 5"):
        repair(*records, version=4)


def test_a_record_that_is_in_force_needs_no_repair() -> None:
    assert not repair(row_of(version(2, 2)), on_topic(0, version(2, 2))).is_needed
    assert repair(row_of(version(2, 2), trouble=True), on_topic(0, version(2, 2))).is_needed


def test_a_deleted_vendor_is_not_brought_back() -> None:
    with pytest.raises(NoGoodRecordError, match="VIVE deleted vendor acme:v1"):
        repair(row_of(version(2, 2)), on_topic(0, version(2, 2)), on_topic(1, None))


def test_an_older_copy_that_was_forwarded_brings_no_deleted_vendor_back() -> None:
    copy = on_topic(2, version(2, 2))._replace(headers=(("forwarded-from", b"7"),))
    with pytest.raises(NoGoodRecordError, match="VIVE deleted vendor acme:v1"):
        repair(row_of(version(2, 2)), on_topic(0, version(2, 2)), on_topic(1, None), copy)


def test_records_before_a_deletion_and_of_other_vendors_do_not_count() -> None:
    other = VendorKey("acme", "v2")
    found = repair(on_topic(0, version(9, 9)), on_topic(1, None), on_topic(2, version(1, 1)), on_topic(3, b"", other))
    assert found.record == version(1, 1)


def test_without_a_good_record_there_is_nothing_to_put_in_force() -> None:
    with pytest.raises(NoGoodRecordError, match="No record of vendor acme:v1 can be read"):
        repair(row_of(None, trouble=True), on_topic(0, b"garbage"))
