"""JSON schemas as text: a type in one line, and an object's keys as one line each, without titles, descriptions, examples."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
REFERENCE: Final = "#/components/schemas/"
LIMITS: Final = (
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "contentMediaType",
)


def resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """The schema that a reference leads to, or the schema itself. Names of components are no part of the contract."""
    reference = schema.get("$ref")
    return schema if reference is None else resolved(components[reference.removeprefix(REFERENCE)], components)


def type_of(schema: Schema, components: Mapping[str, Schema]) -> str:
    """Its type with its limits, such as ``integer, minimum 1 | null``. An object is ``object``; its keys are other lines."""
    schema = resolved(schema, components)
    if "anyOf" in schema:
        return " | ".join(type_of(branch, components) for branch in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    words = [str(schema.get("type", "any"))]
    if words == ["array"]:
        words = [f"array of ({type_of(schema['items'], components)})"]
    if words == ["object"] and isinstance(values := schema.get("additionalProperties"), Mapping):
        words = [f"object with values ({type_of(values, components)})"]
    return ", ".join([*words, *(f"{limit} {as_text(schema[limit])}" for limit in LIMITS if limit in schema)])


def keys_of(
    schema: Schema, components: Mapping[str, Schema], *, path: str = "", inside: tuple[str, ...] = ()
) -> Iterator[str]:
    """Each key below ``path`` with its type, such as ``items[].run_id: string``. ``inside`` are the references followed."""
    if (reference := schema.get("$ref")) is not None:
        if reference in inside:
            return
        inside = (*inside, reference)
        schema = resolved(schema, components)
    for branch in schema.get("anyOf", ()):
        yield from keys_of(branch, components, path=path, inside=inside)
    if "items" in schema:
        yield from keys_of(schema["items"], components, path=f"{path}[]", inside=inside)
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        yield from keys_of(values, components, path=f"{path}.*", inside=inside)
    if "contentSchema" in schema:
        yield from keys_of(schema["contentSchema"], components, path=path, inside=inside)
    for name, value in sorted(schema.get("properties", {}).items()):
        key = f"{path}.{name}".removeprefix(".")
        yield f"{key}: {type_of(value, components)}{'' if name in schema.get('required', ()) else ', may be absent'}"
        yield from keys_of(value, components, path=key, inside=inside)


def as_text(value: Any) -> str:
    """A value as it stands in a line."""
    return value if isinstance(value, str) else json.dumps(int(value) if value == int(value) else value)
