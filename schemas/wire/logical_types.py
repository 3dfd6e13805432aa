"""Logical types of a schema of which only the parsing canonical form is known."""

from collections.abc import Iterator, Mapping
from typing import Any


def with_logical_types(canonical: Any, reader: Any) -> Any:
    """The canonical form of a writer's schema, with the logical types that the reader's schema has in the same places.

    The canonical form has none, so a fingerprint does not prove them: two writers with the same fingerprint may name different
    ones. Of what the reader does not know, no logical type is needed.

    Args:
        canonical: the writer's schema as JSON of its parsing canonical form.
        reader: the reader's schema, parsed, so that its names are full.
    """
    return _typed(canonical, reader, {_unqualified(record["name"]): record for record in _records(reader)})


def _typed(writer: Any, reader: Any, records: Mapping[str, Any]) -> Any:
    branches = reader if isinstance(reader, list) else [reader]
    if isinstance(writer, list):
        return [_typed(branch, reader, records) for branch in writer]
    if isinstance(writer, str):
        logical = (each for each in branches if isinstance(each, dict) and "logicalType" in each)
        return next(({**each} for each in logical if each["type"] == writer), writer)
    match writer["type"]:
        case "array" | "map" as kind:
            inside = "items" if kind == "array" else "values"
            same = next((each for each in branches if isinstance(each, dict) and each["type"] == kind), {})
            return {**writer, inside: _typed(writer[inside], same.get(inside), records)}
        case "record" | "error":
            known = records.get(_unqualified(writer["name"]), {"fields": ()})
            types = {name: field["type"] for field in known["fields"] for name in _names_of(field)}
            fields = [
                {**field, "type": _typed(field["type"], types.get(field["name"]), records)}
                for field in writer["fields"]
            ]
            return {**writer, "fields": fields}
        case _:
            return writer


def _records(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _records(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
        inside = [field["type"] for field in schema.get("fields", ())]
        yield from _records([*inside, *(schema[part] for part in ("items", "values") if part in schema)])


def _names_of(field: Mapping[str, Any]) -> tuple[str, ...]:
    return field["name"], *field.get("aliases", ())


def _unqualified(name: str) -> str:
    return name.rpartition(".")[2]
