"""Schemas as an enemy would publish them, and records that are read by them."""

import copy
import io
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import fastavro
from fastavro import _read_py as python_reader

from schemas.message import Message
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.known_schemas import KnownSchemas, RefusedSchemaError, key_of
from schemas.wire.newer_rows import NewerRows
from schemas.wire.record_schema import (
    SINGLE_OBJECT_MAGIC,
    bundled_fingerprints,
    fingerprint_of,
    load_schema,
    record_schema,
)
from tests.fuzz.hostile_avro import LONGEST_SECONDS, decode_or_refuse, fixture, reveals_data
from tests.support.other_writer import records_within

MOST_STEPS: Final = 24
_NAMES: Final = ("com.vive.sync.VendorRow", "VendorRecord", "New", "DeliveredPolicy", "null", "x\ny", "")
_NOTHING: Final[dict[str, Any]] = {
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "bytes": b"",
    "string": "",
    "enum": "A",
    "map": {},
    "fixed": b"",
}
_TYPES: Final[tuple[Any, ...]] = (
    "null",
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "bytes",
    "string",
    ["null", "string"],
    ["string", "null"],
    [],
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "date"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "string", "logicalType": "uuid"},
    {"type": "fixed", "name": "F", "size": 0},
    {"type": "fixed", "name": "G", "size": 2**31},
    {"type": "enum", "name": "E", "symbols": ["A"]},
    {"type": "record", "name": "Empty", "fields": []},
    {"type": "map", "values": "null"},
)


def steps(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The changes that these bytes name, three bytes each."""
    for at in range(0, min(len(data), 3 * MOST_STEPS) - 2, 3):
        yield data[at], data[at + 1], data[at + 2]


def changed(kind: type[Message], data: bytes) -> Any:
    """The schema of this kind after the changes that these bytes name."""
    schema = copy.deepcopy(load_schema(f"avsc/{kind.SCHEMA}.avsc"))
    for what, where, how in steps(data):
        records = list(records_within(schema))
        fields = records[where % len(records)]["fields"]
        _change(what % 8, fields, records[where % len(records)], how)
    return schema


def _change(what: int, fields: list[Any], record: dict[str, Any], how: int) -> None:
    kind = copy.deepcopy(_TYPES[how % len(_TYPES)])
    at = how % (len(fields) + 1)
    match what:
        case 0:
            fields.append({"name": f"f{how}", "type": kind})
        case 1:
            fields.insert(at, {"name": f"f{how}", "type": {"type": "array", "items": kind}, "default": []})
        case 2 if fields:
            fields.append(fields.pop(at % len(fields)))
        case 3 if fields:
            fields.pop(at % len(fields))
        case 4 if fields:
            fields[at % len(fields)]["type"] = kind
        case 5:
            record["name"] = _NAMES[how % len(_NAMES)]
        case 6:
            fields.append({"name": f"g{how}", "type": ["null", _NAMES[how % len(_NAMES)]], "default": None})
        case _:
            twice = [{"name": name, "type": f"D{how - 1}" if how % 9 else "null"} for name in "ab"]
            fields.append({"name": f"d{how}", "type": {"type": "record", "name": f"D{how}", "fields": twice}})


def learn_or_refuse(known: KnownSchemas, key: bytes | None, value: bytes) -> bytes | None:
    """Take the record in, which must end soon: in a schema, or in a sentence that reveals nothing of the data.

    Raises:
        AssertionError: it did not.
    """
    began, before = time.thread_time(), known.fingerprints
    try:
        learned = known.learn(key, value)
    except RefusedSchemaError as error:
        learned = None
        _look_at(error)
    assert time.thread_time() - began < LONGEST_SECONDS
    assert known.fingerprints == before | ({learned} if learned else set())
    if learned is not None:
        assert key == key_of(learned)
        assert learned not in bundled_fingerprints()
    return learned


def _look_at(error: RefusedSchemaError) -> None:
    assert str(error).isprintable()
    assert not reveals_data(str(error))


def read_by(kind: type[Message], text: bytes, body: bytes) -> None:
    """Learn the schema in this text, under its own fingerprint, and read these bytes by it.

    Raises:
        AssertionError: something took too long, or a sentence shows data.
    """
    known = KnownSchemas()
    fingerprint = b"\x00" * 8
    with suppress(Exception):  # learning says that it is no schema
        fingerprint = fingerprint_of(json.loads(text))
    learn_or_refuse(known, key_of(fingerprint), text)
    learn_or_refuse(known, key_of(fingerprint), text[1:])
    learned = known.of(fingerprint)
    bodies = [body]
    if learned is not None:
        with suppress(Exception):  # the schema has a type that no value is made for here
            bodies.append(filled(learned.parsed, fixture(kind).model_dump()))
    for each in bodies:
        _read(known, kind, SINGLE_OBJECT_MAGIC + fingerprint + each)


def _read(known: KnownSchemas, kind: type[Message], data: bytes) -> None:
    codec = Codec(schemas=known)
    learned = known.of(data[2:10])
    if learned is not None:
        with suppress(Exception):  # coverage sees only this reader, and shows which ways there are
            ours: Any = record_schema(kind.SCHEMA).parsed
            python_reader.schemaless_reader(io.BytesIO(data[10:]), learned.parsed, ours)
    decode_or_refuse(codec, kind, data)
    if kind is VendorRow and learned is not None:
        write_over(codec, data)


def filled(schema: Any, value: Any) -> bytes:
    """A record by this schema that holds this value where it has room for it, and nothing to speak of elsewhere."""
    written = io.BytesIO()
    names = {record["name"]: record for record in records_within(schema)}
    fastavro.schemaless_writer(written, schema, _filled(schema, value, names), disable_tuple_notation=True)
    return written.getvalue()


def _filled(schema: Any, value: Any, names: dict[str, Any]) -> Any:
    schema = names.get(schema, schema) if isinstance(schema, str) else schema
    if isinstance(schema, list):
        return _filled(next(one for one in schema if (one == "null") is (value is None)), value, names)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "record":
        given = value if isinstance(value, dict) else {}
        return {
            field["name"]: _filled(field["type"], given.get(field["name"], field.get("default")), names)
            for field in schema["fields"]
        }
    if kind == "array":
        return [_filled(schema["items"], each, names) for each in value or ()]
    return _NOTHING.get(kind) if value is None else value


def write_over(codec: Codec, row: bytes) -> None:
    """Replace a row of a newer release, where it can be read and replaced: the new one must be what was written."""
    rows = NewerRows(codec, VendorRow, part="record", part_kind=VendorRecord)
    try:
        rows.check(row)
        before = codec.decode(VendorRow, row)
    except (UndecodableError, ValueError):
        return
    for after in (before, fixture(VendorRow), VendorRow()):
        began = time.thread_time()
        assert codec.decode(VendorRow, rows.encode(after, row, topic="fuzz")) == after
        assert time.thread_time() - began < LONGEST_SECONDS
