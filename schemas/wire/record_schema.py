"""The Avro schemas of the records: the present version of each, and every version that was published."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import fastavro
from fastavro.schema import fingerprint as schema_fingerprint
from fastavro.schema import to_parsing_canonical_form

SINGLE_OBJECT_MAGIC: Final = b"\xc3\x01"
HEADER_BYTES: Final = 10
"""The bytes before a record in Avro's single-object encoding."""

Schema = dict[str, Any]


def named_fingerprint(data: bytes | None) -> bytes | None:
    """The fingerprint in the header of a record in Avro's single-object encoding; None where the bytes are no such record."""
    if data is None or len(data) < HEADER_BYTES or not data.startswith(SINGLE_OBJECT_MAGIC):
        return None
    return data[2:HEADER_BYTES]


def load_schema(path: str) -> Schema:
    """The schema in this file of the package, such as ``avsc/integration.avsc``."""
    schema: Schema = json.loads(files("schemas").joinpath(path).read_text())
    return schema


def past_versions(name: str) -> list[Schema]:
    """Every published version of a record's schema, oldest first."""
    folder = files("schemas").joinpath(f"history/{name}")
    numbers = sorted(int(entry.name.removesuffix(".avsc")) for entry in folder.iterdir())
    return [load_schema(f"history/{name}/{number}.avsc") for number in numbers]


class RecordSchema:
    """The present schema of a record, ready to write and to read with, and the published ones by fingerprint."""

    def __init__(self, name: str) -> None:
        self.raw = load_schema(f"avsc/{name}.avsc")
        self.parsed = fastavro.parse_schema(self.raw, named_schemas={})
        self.full_name = _full_name(self.parsed)
        self.header = SINGLE_OBJECT_MAGIC + fingerprint_of(self.raw)
        self.named_branches = _named_branches(self.parsed)
        self.writers: Mapping[bytes, Any] = {
            fingerprint_of(past): fastavro.parse_schema(past, named_schemas={}) for past in past_versions(name)
        } | {self.header[2:]: self.parsed}


def _full_name(parsed: Any) -> str:
    return str(parsed["name"])


def _named_branches(schema: Any) -> dict[str, str]:
    """Fields that are null or a record, with the record's name: given the name, fastavro does not try the branches.

    Empty where a field is null or an array: fastavro would take its tuple for such a name.
    """
    unions = {field["name"]: field["type"] for field in schema["fields"] if isinstance(field["type"], list)}
    branches = [branch for union in unions.values() for branch in union if isinstance(branch, dict)]
    if any(branch["type"] == "array" for branch in branches):
        return {}
    return {
        name: branch["name"]
        for name, union in unions.items()
        for branch in union
        if isinstance(branch, dict) and branch["type"] == "record"
    }


def fingerprint_of(schema: Schema) -> bytes:
    """The CRC-64-AVRO fingerprint of the schema's parsing canonical form: 8 bytes, in the order of a record's header."""
    return bytes.fromhex(schema_fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


@cache
def record_schema(name: str) -> RecordSchema:
    """The schema of this record (``Message.SCHEMA``), parsed once."""
    return RecordSchema(name)


@cache
def schemas_by_full_name() -> Mapping[str, RecordSchema]:
    """The schemas of all records by their full Avro names."""
    names = sorted(entry.name.removesuffix(".avsc") for entry in files("schemas").joinpath("avsc").iterdir())
    return {record_schema(name).full_name: record_schema(name) for name in names}


@cache
def present_schemas() -> Mapping[bytes, Schema]:
    """The schemas that this release writes records with, by fingerprint."""
    return {schema.header[2:]: schema.raw for schema in schemas_by_full_name().values()}


@cache
def bundled_fingerprints() -> frozenset[bytes]:
    """The fingerprints of all schemas that are part of this release: those of the present and of past versions."""
    return frozenset(fingerprint for schema in schemas_by_full_name().values() for fingerprint in schema.writers)
