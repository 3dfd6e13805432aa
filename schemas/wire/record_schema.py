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

Schema = dict[str, Any]


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
        self.header = SINGLE_OBJECT_MAGIC + _fingerprint(self.raw)
        self.named_branches = _named_branches(self.parsed)
        self.writers: Mapping[bytes, Any] = {
            _fingerprint(past): fastavro.parse_schema(past, named_schemas={}) for past in past_versions(name)
        } | {self.header[2:]: self.parsed}


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


def _fingerprint(schema: Schema) -> bytes:
    return bytes.fromhex(schema_fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


@cache
def record_schema(name: str) -> RecordSchema:
    """The schema of this record (``Message.SCHEMA``), parsed once."""
    return RecordSchema(name)
