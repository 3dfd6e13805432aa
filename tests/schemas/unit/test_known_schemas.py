"""Records of writers whose schemas are not part of this release: learned from ``vive.schema``, or from a registry."""

import json
import struct
from typing import Any

import pytest

from messaging.schema_registry import Registry
from schemas.message import Message
from schemas.records.integration import Integration
from schemas.records.sync_run import QueuedVendor, SyncRun
from schemas.records.vendor_record import VendorRecord
from schemas.wire.codec import Codec, UndecodableError, UnknownSchemaError
from schemas.wire.known_schemas import LARGEST, MOST, KnownSchemas, RefusedSchemaError, key_of, published_form
from schemas.wire.record_schema import Schema, fingerprint_of, load_schema, present_schemas
from tests.fuzz.hostile_avro import fixture
from tests.support.messages import KINDS, vendor_record
from tests.support.other_writer import newer, records_within, schema_of, schema_record, written

RECORD = vendor_record(payment_hold=True)
NEWER = newer(VendorRecord)
BYTES = written(NEWER, RECORD.model_dump() | {"colour": "blue"})


def knowing(*schemas: Schema) -> Codec:
    known = KnownSchemas()
    for schema in schemas:
        assert known.learn(*schema_record(schema)) == fingerprint_of(schema)
    return Codec(schemas=known)


def refusal(key: bytes | None, value: bytes, known: KnownSchemas | None = None) -> str:
    known = known or KnownSchemas()
    before = known.fingerprints
    with pytest.raises(RefusedSchemaError) as caught:
        known.learn(key, value)
    assert known.fingerprints == before
    assert known.refused == 1
    return str(caught.value)


def test_a_record_with_one_more_field_is_read_once_its_schema_is_known() -> None:
    codec = Codec(schemas=(known := KnownSchemas()))
    with pytest.raises(UnknownSchemaError) as caught:
        codec.decode(VendorRecord, BYTES)
    assert caught.value.fingerprint == fingerprint_of(NEWER) == codec.unknown_schema(BYTES)
    assert caught.value.code == "undecodable"
    assert "must publish the schema there first" in str(caught.value)
    known.learn(*schema_record(NEWER))
    assert codec.unknown_schema(BYTES) is None
    assert codec.decode(VendorRecord, BYTES) == RECORD
    assert known.learn(*schema_record(NEWER)) is None


@pytest.mark.parametrize("length", [b"\x0a", b"\xfe\xff\xff\xff\x0f", b"\x01", b"\x07"], ids=["5", "2 GiB", "-1", "-4"])
def test_a_field_that_is_skipped_must_be_there_whole(length: bytes) -> None:
    codec = knowing(NEWER)
    assert BYTES.endswith(b"\x08blue")
    with pytest.raises(UndecodableError, match="EOFError while reading Avro"):
        codec.decode(VendorRecord, BYTES[:-5] + length + b"blue")
    with pytest.raises(UndecodableError, match="go on after"):
        codec.decode(VendorRecord, BYTES + b"x")


def test_a_codec_keeps_its_registry_when_it_gets_schemas() -> None:
    registry = Registry("mock://kept")
    codec = Codec(registry).with_schemas(knowing(NEWER)._schemas)  # noqa: SLF001 -- what the helper has made
    assert codec.encode(RECORD, topic="kept")[:1] == b"\x00"
    assert codec.decode(VendorRecord, BYTES) == RECORD


@pytest.mark.parametrize(
    "data", [None, b"", b"\xc3\x01\x00", b"\x00\x00\x00\x00\x01", Codec().encode(RECORD, topic="t")]
)
def test_other_bytes_name_no_unknown_schema(data: bytes | None) -> None:
    assert Codec().unknown_schema(data) is None


def test_the_schema_of_another_record_is_no_schema_to_wait_for() -> None:
    codec = knowing(newer(Integration))
    for data in (Codec().encode(RECORD, topic="t"), written(newer(Integration), integration_fields())):
        with pytest.raises(UndecodableError, match="no known version of SyncRun") as caught:
            codec.decode(SyncRun, data)
        assert not isinstance(caught.value, UnknownSchemaError)


def integration_fields() -> dict[str, Any]:
    return fixture(Integration).model_dump() | {"colour": "blue"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.SCHEMA)
def test_fields_of_any_type_are_resolved_by_name_wherever_they_stand(kind: type[Message]) -> None:
    """Through the registry and through ``vive.schema``; each record that is part of it is turned by itself."""
    registry = Registry(f"mock://{kind.SCHEMA}")
    message = fixture(kind)
    for number, _ in enumerate(records_within(schema_of(kind))):
        writer = schema_of(kind)
        fields = list(records_within(writer))[number]["fields"]
        fields.append(fields.pop(0))
        data = written(writer, message.model_dump())
        assert knowing(writer).decode(kind, data) == message
        schema_id = registry.id_for(f"{kind.SCHEMA}-{number}-value", writer)
        assert Codec(registry).decode(kind, b"\x00" + struct.pack(">I", schema_id) + data[10:]) == message


@pytest.mark.parametrize("swapped", [False, True], ids=["defined first", "defined last"])
def test_a_type_that_is_used_by_name_is_resolved_by_name(*, swapped: bool) -> None:
    writer = schema_of(SyncRun)
    fields = {field["name"]: field for field in writer["fields"]}
    queued, already = fields["queued"]["type"], fields["already_in_progress"]["type"]
    queued["items"]["fields"].reverse()
    if swapped:
        queued["items"], already["items"] = already["items"], queued["items"]
        writer["fields"].reverse()
    run = fixture(SyncRun).model_copy(
        update={
            "queued": (QueuedVendor(vendor_id="a", offset=1), QueuedVendor(vendor_id="b", offset=2)),
            "already_in_progress": (QueuedVendor(vendor_id="c", offset=3),),
        }
    )
    data = written(writer, run.model_dump())
    assert knowing(writer).decode(SyncRun, data) == run
    registry = Registry("mock://by-name")
    schema_id = registry.id_for("by-name-value", writer)
    assert Codec(registry).decode(SyncRun, b"\x00" + struct.pack(">I", schema_id) + data[10:]) == run


def with_other_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [with_other_logical_types(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    other = {"timestamp-millis": "timestamp-micros", "date": "time-millis"}
    return {
        name: other.get(value, value) if name == "logicalType" else with_other_logical_types(value)
        for name, value in schema.items()
    }


def test_a_schema_with_the_same_fingerprint_and_other_logical_types_changes_no_value() -> None:
    """A fingerprint says nothing of logical types, defaults and descriptions."""
    hostile = with_other_logical_types(NEWER)
    assert fingerprint_of(hostile) == fingerprint_of(NEWER)
    assert hostile != NEWER
    message = fixture(VendorRecord)
    data = written(NEWER, message.model_dump() | {"colour": "blue"})
    assert knowing(hostile).decode(VendorRecord, data) == message


def test_a_bundled_schema_is_never_replaced() -> None:
    ours = load_schema("avsc/vendor_record.avsc")
    known = KnownSchemas()
    assert known.learn(*schema_record(with_other_logical_types(ours))) is None
    assert not known.fingerprints
    refusal(key_of(fingerprint_of(ours)), json.dumps(NEWER).encode())


def test_a_fingerprint_that_lies_is_refused() -> None:
    key, value = schema_record(NEWER)
    lie = key_of(fingerprint_of(newer(VendorRecord, "size")))
    assert refusal(lie, value) == f"its fingerprint is {key.decode()}, and the record's key says otherwise"
    assert "key says otherwise" in refusal(None, value)
    assert "key says otherwise" in refusal(key.upper(), value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "it is no Avro schema: JSONDecodeError"),
        (b"\xff\xfe random", "it is no Avro schema: "),
        (b"[" * 30_000 + b"]" * 30_000, "it is no Avro schema: RecursionError"),
        (b'{"type": "record"}', "it is no Avro schema"),
        (b'{"type": "record", "name": "R", "fields": [{"name": "r", "type": "Nowhere"}]}', "UnknownType"),
        (b'{"__fastavro_parsed__": true, "__named_schemas": {}}', "it is no Avro schema: KeyError"),
        (b'"string"', "it describes no record"),
        (b"null", "it is no Avro schema"),
        (b'["null", "string"]', "it describes no record"),
        (b" " * (LARGEST + 1), "65537 bytes large; a schema has at most 65536"),
    ],
)
def test_what_is_no_schema_of_a_record_is_refused(value: bytes, why: str) -> None:
    assert why in refusal(b"0011223344556677", value)


def test_a_schema_of_no_record_of_this_product_is_refused() -> None:
    other = {"type": "record", "name": "com.other.Thing", "fields": []}
    assert refusal(*schema_record(other)) == "it describes 'com.other.Thing', which is no record of this product"


@pytest.mark.parametrize(
    "extra",
    [
        {"type": "record", "name": "L", "fields": [{"name": "n", "type": ["null", "L"]}]},
        ["null", "com.vive.sync.VendorRecord"],
        {"type": "array", "items": "null"},
    ],
    ids=["a type that holds itself", "a record that holds itself", "items of no size"],
)
def test_a_schema_by_which_reading_may_not_end_is_refused(extra: Any) -> None:
    schema = schema_of(VendorRecord)
    schema["fields"].append({"name": "x", "type": extra})
    assert refusal(*schema_record(schema)).startswith("it can't be read by: ")


def test_a_tombstone_changes_nothing() -> None:
    codec = knowing(NEWER)
    assert codec._schemas.learn(key_of(fingerprint_of(NEWER)), None) is None  # type: ignore[attr-defined]  # noqa: SLF001
    assert codec.decode(VendorRecord, BYTES) == RECORD


def test_only_so_many_schemas_are_learned() -> None:
    known = KnownSchemas()
    for number in range(MOST):
        known.learn(*schema_record(newer(VendorRecord, f"f{number}")))
    assert len(known.fingerprints) == MOST
    assert "with tombstones" in refusal(*schema_record(NEWER), known)


def test_what_this_release_publishes_is_learned_by_another_one() -> None:
    for fingerprint, schema in present_schemas().items():
        form = published_form(fingerprint)
        assert form is not None
        assert json.loads(form) == schema
        assert fingerprint_of(json.loads(form)) == fingerprint
    assert published_form(bytes(8)) is None
