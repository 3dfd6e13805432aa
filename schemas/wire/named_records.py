"""The records that are defined in a parsed schema."""

from collections.abc import Iterator, Mapping
from typing import Any

Named = Mapping[str, Any]
"""Records by their full names."""


def records_by_name(schema: Any) -> dict[str, Any]:
    """Every record that is defined in this parsed schema, by its full name."""
    return {record["name"]: record for record in records_within(schema)}


def records_within(schema: Any) -> Iterator[Any]:
    """Every record that is defined in this parsed schema, itself too."""
    if isinstance(schema, list):
        for branch in schema:
            yield from records_within(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
        inside = [field["type"] for field in schema.get("fields", ())]
        yield from records_within([*inside, *(schema[part] for part in ("items", "values") if part in schema)])


def resolved(schema: Any, names: Named) -> Any:
    """The record that this schema names; a schema that names none as it is."""
    return names.get(schema, schema) if isinstance(schema, str) else schema


def kind_of(schema: Any) -> str:
    """The Avro type, such as ``record`` or ``string``."""
    return str(schema if isinstance(schema, str) else schema["type"])
