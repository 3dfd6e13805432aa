"""A row of a newer release that this release writes anew keeps what it holds."""

import io
from typing import Any

import fastavro
import pytest

from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered, DeliveredPolicy, VendorRow
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas
from schemas.wire.newer_rows import NewerRows
from schemas.wire.record_schema import Schema, fingerprint_of
from tests.support.messages import vendor_record
from tests.support.other_writer import newer, records_within, schema_of, schema_record, written

TOPIC = "rows"


def newest_row(**fields: Any) -> Schema:
    """The schema of rows of a release that has one more field in the row, in its record and in its delivered policies."""
    schema = newer(VendorRow, "note")
    for record in records_within(schema):
        if record["name"] in {"VendorRecord", "DeliveredPolicy"}:
            record["fields"].insert(0, {"name": "colour", "type": "string", "default": "none"} | fields)
    return schema


ROW = VendorRow(
    record=vendor_record(version=1),
    delivered=Delivered(policies=(DeliveredPolicy(policy_type="GL", number="1"),)),
    through_offset=3,
)
SCHEMA = newest_row()
PARTS: dict[str, Any] = {"note": "kept"}


def values(row: VendorRow) -> dict[str, Any]:
    fields = row.model_dump() | PARTS
    fields["record"] |= {"colour": "blue"}
    fields["delivered"]["policies"] = [each | {"colour": "red"} for each in fields["delivered"]["policies"]]
    return fields


BEFORE = written(SCHEMA, values(ROW))


def rows_of(*schemas: Schema) -> tuple[NewerRows, Codec]:
    known = KnownSchemas()
    for schema in schemas:
        known.learn(*schema_record(schema))
    codec = Codec(schemas=known)
    return NewerRows(codec, VendorRow, part="record", part_kind=VendorRecord), codec


def read(data: bytes, schema: Schema = SCHEMA) -> Any:
    assert data[2:10] == fingerprint_of(schema)
    return fastavro.schemaless_reader(io.BytesIO(data[10:]), fastavro.parse_schema(schema, named_schemas={}), None)


def test_what_this_release_does_not_know_stays() -> None:
    rows, codec = rows_of(SCHEMA)
    changed = ROW.model_copy(update={"through_offset": 4, "status": "updated"})
    data = rows.encode(changed, BEFORE, topic=TOPIC)
    assert codec.decode(VendorRow, data) == changed
    assert read(data) == read(BEFORE) | {"through_offset": 4, "status": "updated"}


def test_parts_that_change_have_no_value_of_the_part_before() -> None:
    rows, _ = rows_of(SCHEMA)
    policy = DeliveredPolicy(policy_type="GL", number="2")
    changed = ROW.model_copy(update={"record": vendor_record(version=2), "delivered": Delivered(policies=(policy,))})
    written_row = read(rows.encode(changed, BEFORE, topic=TOPIC))
    assert written_row["record"]["colour"] == "none"
    assert [each["colour"] for each in written_row["delivered"]["policies"]] == ["none"]
    assert written_row["note"] == "kept"


def test_a_record_of_a_newer_release_keeps_its_values_in_the_row() -> None:
    newer_record = newer(VendorRecord)
    rows, _ = rows_of(SCHEMA, newer_record)
    record = vendor_record(version=2)
    data = written(newer_record, record.model_dump() | {"colour": "green"})
    changed = ROW.model_copy(update={"record": record})
    row = read(rows.encode(changed, BEFORE, topic=TOPIC, part=data))
    assert (row["record"]["colour"], row["record"]["version"]) == ("green", 2)


@pytest.mark.parametrize("record", [None, vendor_record(version=2)], ids=["a tombstone", "a record"])
def test_a_record_comes_and_goes(record: VendorRecord | None) -> None:
    rows, codec = rows_of(SCHEMA)
    changed = ROW.model_copy(update={"record": record})
    assert codec.decode(VendorRow, rows.encode(changed, BEFORE, topic=TOPIC)) == changed
    without = written(SCHEMA, values(ROW) | {"record": None})
    assert codec.decode(VendorRow, rows.encode(changed, without, topic=TOPIC)) == changed


@pytest.mark.parametrize("before", [None, Codec().encode(ROW, topic=TOPIC)], ids=["no row", "a row of this release"])
def test_other_rows_are_written_by_this_releases_schema(before: bytes | None) -> None:
    rows, codec = rows_of(SCHEMA)
    assert rows.encode(ROW, before, topic=TOPIC) == codec.encode(ROW, topic=TOPIC)


def without_parked() -> Schema:
    schema = newer(VendorRow, "note")
    return schema | {"fields": [field for field in schema["fields"] if field["name"] != "parked"]}


def with_a_field_without_default() -> Schema:
    schema = schema_of(VendorRow)
    for record in records_within(schema):
        if record["name"] == "VendorRecord":
            record["fields"].append({"name": "colour", "type": "string"})
    return schema


def with_another_type() -> Schema:
    schema = schema_of(VendorRow)
    (field,) = (field for field in schema["fields"] if field["name"] == "through_offset")
    field["type"] = "int"
    return schema


@pytest.mark.parametrize("schema", [without_parked(), with_a_field_without_default(), with_another_type()])
def test_a_row_that_would_lose_something_is_refused(schema: Schema) -> None:
    rows, _ = rows_of(schema)
    data = written(schema, values(ROW) | {"record": ROW.model_dump()["record"] | {"colour": "blue"}})
    with pytest.raises(ValueError, match="another release wrote it"):
        rows.check(data)


def test_rows_of_newer_releases_are_not_refused() -> None:
    rows, codec = rows_of(SCHEMA)
    rows.check(BEFORE)
    rows.check(codec.encode(ROW, topic=TOPIC))
