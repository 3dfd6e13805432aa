"""Refuses schemas of other writers by which reading might not end."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import fastavro

from schemas.errors import ViveSyncError

DEEPEST: Final = 32
"""Levels of types within types."""
MOST_PARTS: Final = 5_000
"""The most parts that may be read without a byte of the record."""
PARTS_A_BYTE: Final = 32
"""The most parts that may be read for each byte of the record. The records of this product have about one."""


class EndlessSchemaError(ViveSyncError, ValueError):
    """Reading a few bytes by this schema may never end, or may end the process. The text names the part."""


def parse_writer(schema: Any) -> Any:
    """Parse a schema that somebody else has written, for fastavro.

    Raises:
        EndlessSchemaError: it is a schema, and reading by it may not end.
        Exception: fastavro's own, of many kinds: it is no schema.
    """
    parsed = fastavro.parse_schema(schema, named_schemas={})
    refuse_endless(parsed)  # its names are full: two types may have the same name in two namespaces
    return parsed


def refuse_endless(schema: Any) -> None:
    """Make sure that the time of reading by this schema grows only with the number of bytes.

    Raises:
        EndlessSchemaError: a record holds one of its own kind, the items of a list take too little room, too many parts take no
            room, or it nests too deep.
    """
    if _surplus(schema, open_names=frozenset(), known={}, depth=0) > MOST_PARTS:
        raise EndlessSchemaError(f"more than {MOST_PARTS} of its parts take no room")


def _surplus(schema: Any, *, open_names: frozenset[str], known: dict[str, int], depth: int) -> int:
    """The most parts that a value of this schema has beyond ``PARTS_A_BYTE`` for each of its bytes.

    ``known`` has the result by name of the types that are defined before this one.
    """
    if depth > DEEPEST:
        raise EndlessSchemaError(f"it nests deeper than {DEEPEST} levels")
    if isinstance(schema, str):
        return _surplus_of_name(schema, open_names, known)
    inside = partial(_surplus, open_names=open_names, known=known, depth=depth + 1)
    if isinstance(schema, list):
        return 1 - PARTS_A_BYTE + max(map(inside, schema), default=0)
    kind = schema["type"]
    match kind:
        case "array":
            _refuse_many("an array's items", inside(schema["items"]))
            surplus = 1 - PARTS_A_BYTE
        case "map":
            _refuse_many("a map's values", inside(schema["values"]) + 1 - PARTS_A_BYTE)
            surplus = 1 - PARTS_A_BYTE
        case "fixed" | "enum":
            surplus = known[schema["name"]] = 1 - PARTS_A_BYTE * schema.get("size", 1)
        case "record" | "error":
            name = schema["name"]
            within = partial(_surplus, open_names=open_names | {name}, known=known, depth=depth + 1)
            surplus = known[name] = 1 + sum(within(field["type"]) for field in schema["fields"])
        case _:
            surplus = inside(kind)
    return surplus


def _surplus_of_name(name: str, open_names: frozenset[str], known: Mapping[str, int]) -> int:
    if name in open_names:
        raise EndlessSchemaError(f"{name[:100]!a} holds itself")
    return known.get(name, 1 if name == "null" else 1 - PARTS_A_BYTE)


def _refuse_many(what: str, surplus: int) -> None:
    """There may be as many of these as the record has bytes, or more."""
    if surplus > 0:
        raise EndlessSchemaError(f"{what} take no room, or too little for the number of their parts")
