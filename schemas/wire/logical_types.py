"""Logical types of a schema of which only the fingerprint is proven."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.wire.named_records import records_within

PRIMITIVE: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


def with_logical_types(writer: Any, reader: Any) -> Any:
    """The writer's schema, with the logical types that the reader's schema has in the same places and no others.

    A fingerprint does not prove logical types: two writers with the same fingerprint may name different ones. Of what the reader
    does not know, no logical type is needed. Both schemas are parsed, so that their names are full.
    """
    return _typed(writer, reader, {_unqualified(record["name"]): record for record in records_within(reader)})


def _typed(writer: Any, reader: Any, records: Mapping[str, Any]) -> Any:
    branches = reader if isinstance(reader, list) else [reader]
    if isinstance(writer, list):
        return [_typed(branch, reader, records) for branch in writer]
    if isinstance(writer, dict) and writer["type"] in PRIMITIVE:
        writer = writer["type"]
    if isinstance(writer, str):
        logical = (each for each in branches if isinstance(each, dict) and "logicalType" in each)
        return next(({**each} for each in logical if each["type"] == writer), writer)
    match writer["type"]:
        case "array" | "map" as kind:
            inside = "items" if kind == "array" else "values"
            same = next((each for each in branches if isinstance(each, dict) and each["type"] == kind), {})
            return {**_bare(writer), inside: _typed(writer[inside], same.get(inside), records)}
        case "record" | "error":
            known = records.get(_unqualified(writer["name"]), {"fields": ()})
            types = {name: field["type"] for field in known["fields"] for name in _names_of(field)}
            fields = [
                {**field, "type": _typed(field["type"], types.get(field["name"]), records)}
                for field in writer["fields"]
            ]
            return {**_bare(writer), "fields": fields}
        case _:
            return _bare(writer)


def _bare(writer: Mapping[str, Any]) -> dict[str, Any]:
    """Without its logical type, and without what fastavro has noted."""
    return {name: value for name, value in writer.items() if name != "logicalType" and not name.startswith("__")}


def _names_of(field: Mapping[str, Any]) -> tuple[str, ...]:
    return field["name"], *field.get("aliases", ())


def _unqualified(name: str) -> str:
    return name.rpartition(".")[2]
