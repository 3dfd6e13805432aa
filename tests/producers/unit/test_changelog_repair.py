from datetime import UTC, datetime

from messaging.topic_reader import ConsumedRecord
from producers.changelog_repair import repairs, value_of
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec

CODEC = Codec()
KEY = b"acme:v1"
GARBAGE = b"\x00 not a row"


def record(version: int) -> VendorRecord:
    return VendorRecord(
        client_id="acme", vendor_id="v1", version=version, updated_at=datetime(2026, 3, 1, tzinfo=UTC), compliant=True
    )


def row_at(offset: int, value: bytes | None, key: bytes = KEY) -> ConsumedRecord:
    return ConsumedRecord(VENDOR_TABLE_CHANGELOG.name, 3, offset, key, value)


def record_at(version: int) -> ConsumedRecord:
    return ConsumedRecord(VENDOR_RECORD.name, 3, version, KEY, CODEC.encode(record(version), topic=VENDOR_RECORD.name))


def encoded(row: VendorRow) -> bytes:
    return CODEC.encode(row, topic=VENDOR_TABLE_CHANGELOG.name)


def test_a_changelog_that_can_be_read_needs_no_repair() -> None:
    assert repairs([row_at(0, encoded(VendorRow())), row_at(1, None), record_at(1)], CODEC) == []


def test_a_vendor_gets_its_last_readable_row_back_with_its_latest_record() -> None:
    before = VendorRow(record=record(1), through_offset=41, topic_id="life", status="updated")
    (found,) = repairs([row_at(0, encoded(before)), row_at(1, GARBAGE), record_at(1), record_at(2)], CODEC)
    assert (found.partition, found.offset, found.key) == (3, 1, KEY)
    assert found.row == before.model_copy(update={"record": record(2)})
    assert CODEC.decode(VendorRow, value_of(found, CODEC)) == found.row
    assert "partition 3 offset 1" in found.sentence


def test_an_older_record_than_the_rows_does_not_replace_it() -> None:
    before = VendorRow(record=record(5))
    (found,) = repairs([row_at(0, encoded(before)), row_at(1, GARBAGE), record_at(4)], CODEC)
    assert found.row == before


def test_without_any_readable_row_the_vendor_is_as_never_sent() -> None:
    (found,) = repairs([row_at(0, GARBAGE), record_at(2)], CODEC)
    assert found.row == VendorRow(record=record(2))


def test_what_a_newer_record_made_good_is_left() -> None:
    assert repairs([row_at(0, GARBAGE), row_at(1, encoded(VendorRow()))], CODEC) == []
    assert repairs([row_at(0, GARBAGE), row_at(1, None)], CODEC) == []


def test_a_key_that_names_no_vendor_is_taken_out() -> None:
    (found,) = repairs([row_at(0, GARBAGE, key=b"\xff")], CODEC)
    assert found.row is None
    assert value_of(found, CODEC) is None
