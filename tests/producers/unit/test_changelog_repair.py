from datetime import UTC, datetime

from messaging.topic_reader import ConsumedRecord
from producers.changelog_repair import repairs, value_of
from schemas.kept_record import ACCEPT_VERSION
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec

CODEC = Codec()
KEY = b"acme:v1"
GARBAGE = b"\x00 not a row"
Headers = tuple[tuple[str, bytes], ...]
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def record(version: int) -> VendorRecord:
    return VendorRecord(
        client_id="acme", vendor_id="v1", version=version, updated_at=datetime(2026, 3, 1, tzinfo=UTC), compliant=True
    )


def row_at(offset: int, value: bytes | None, key: bytes = KEY) -> ConsumedRecord:
    return ConsumedRecord(VENDOR_TABLE_CHANGELOG.name, 3, offset, key, value)


def record_at(version: int, *, offset: int | None = None, headers: Headers = ()) -> ConsumedRecord:
    value = CODEC.encode(record(version), topic=VENDOR_RECORD.name)
    return ConsumedRecord(VENDOR_RECORD.name, 3, version if offset is None else offset, KEY, value, headers)


def bytes_at(offset: int, value: bytes | None) -> ConsumedRecord:
    return ConsumedRecord(VENDOR_RECORD.name, 3, offset, KEY, value)


def repaired(*records: ConsumedRecord) -> VendorRow:
    (found,) = repairs(records, CODEC, now=NOW)
    assert found.row is not None
    return found.row


def encoded(row: VendorRow) -> bytes:
    return CODEC.encode(row, topic=VENDOR_TABLE_CHANGELOG.name)


def test_a_changelog_that_can_be_read_needs_no_repair() -> None:
    assert repairs([row_at(0, encoded(VendorRow())), row_at(1, None), record_at(1)], CODEC, now=NOW) == []


def test_a_vendor_gets_its_last_readable_row_back_with_its_latest_record() -> None:
    before = VendorRow(record=record(1), through_offset=41, topic_id="life", status="updated")
    (found,) = repairs([row_at(0, encoded(before)), row_at(1, GARBAGE), record_at(1), record_at(2)], CODEC, now=NOW)
    assert (found.partition, found.offset, found.key) == (3, 1, KEY)
    kept = {"record": record(2), "last_version": 2, "record_offset": 2, "updated_at": NOW}
    assert found.row == before.model_copy(update=kept)
    assert CODEC.decode(VendorRow, value_of(found, CODEC)) == found.row
    assert "partition 3 offset 1" in found.sentence


def test_an_older_record_than_the_rows_does_not_replace_it() -> None:
    before = VendorRow(record=record(5), record_offset=5)
    row = repaired(row_at(0, encoded(before)), row_at(1, GARBAGE), record_at(4))
    assert (row.record, row.stale_records, row.trouble) == (record(5), 0, None)


def test_an_older_record_behind_a_newer_one_on_the_topic_does_not_replace_it() -> None:
    row = repaired(row_at(0, GARBAGE), record_at(2, offset=0), record_at(1, offset=1))
    assert (row.record, row.stale_records) == (record(2), 1)


def test_a_record_that_cannot_be_read_is_trouble_again() -> None:
    row = repaired(row_at(0, GARBAGE), record_at(2), bytes_at(3, b"garbage"))
    assert (row.record, row.trouble is not None) == (record(2), True)
    assert repaired(row_at(0, GARBAGE), bytes_at(1, b"garbage"), record_at(2)).trouble is None


def test_a_record_that_a_person_put_in_force_is_in_force_again() -> None:
    before = VendorRow(record=record(9))
    accepted = record_at(2, headers=((ACCEPT_VERSION, b"dana"),))
    assert repaired(row_at(0, encoded(before)), row_at(1, GARBAGE), accepted).record == record(2)


def test_a_vendor_that_was_deleted_stays_deleted() -> None:
    before = VendorRow(record=record(1))
    row = repaired(row_at(0, encoded(before)), row_at(1, GARBAGE), record_at(1), bytes_at(2, None))
    assert (row.record, row.last_version) == (None, 1)


def test_without_any_readable_row_the_vendor_is_as_never_sent() -> None:
    row = repaired(row_at(0, GARBAGE), record_at(2))
    assert row == VendorRow(record=record(2), last_version=2, record_offset=2, updated_at=NOW)


def test_what_a_newer_record_made_good_is_left() -> None:
    assert repairs([row_at(0, GARBAGE), row_at(1, encoded(VendorRow()))], CODEC, now=NOW) == []
    assert repairs([row_at(0, GARBAGE), row_at(1, None)], CODEC, now=NOW) == []


def test_a_key_that_names_no_vendor_is_taken_out() -> None:
    (found,) = repairs([row_at(0, GARBAGE, key=b"\xff")], CODEC, now=NOW)
    assert found.row is None
    assert value_of(found, CODEC) is None


def test_a_forwarded_copy_of_an_older_record_is_not_put_back() -> None:
    broken, copy = row_at(9, GARBAGE), record_at(3, offset=8, headers=(("forwarded-from", b"7"),))
    kept = row_at(0, encoded(VendorRow(record=record(5), last_version=5)))
    assert repaired(kept, broken, record_at(5), copy).record == record(5)
    deleted = repaired(kept, broken, record_at(5), bytes_at(6, None), copy)
    assert (deleted.record, deleted.last_version) == (None, 5)
    newer = record_at(6, offset=8, headers=(("forwarded-from", b"7"),))
    assert repaired(kept, broken, bytes_at(6, None), newer).record == record(6)
