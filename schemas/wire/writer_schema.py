"""Refuses registered schemas by which reading might not end."""

from functools import partial
from typing import Any, Final

from schemas.errors import ViveSyncError

DEEPEST: Final = 32
"""Levels of types within types."""


class EndlessSchemaError(ViveSyncError, ValueError):
    """Reading a few bytes by this schema may never end, or may end the process. The text names the part."""


def refuse_endless(schema: Any) -> None:
    """Make sure that the time of reading by this schema grows only with the number of bytes.

    Raises:
        EndlessSchemaError: a record holds one of its own kind, items of a list take no room, or it nests too deep.
    """
    _walk(schema, open_names=frozenset(), roomless=set(), depth=0)


def _walk(schema: Any, *, open_names: frozenset[str], roomless: set[str], depth: int) -> bool:
    """Whether a value of this schema can take no room at all."""
    if depth > DEEPEST:
        raise EndlessSchemaError(f"it nests deeper than {DEEPEST} levels")
    if isinstance(schema, str):
        return _named(schema.rpartition(".")[2], open_names, roomless)
    inside = partial(_walk, open_names=open_names, roomless=roomless, depth=depth + 1)
    if isinstance(schema, list):
        for branch in schema:
            inside(branch)
        return False
    kind = schema["type"]
    if kind in {"array", "map"}:
        if inside(schema["items" if kind == "array" else "values"]) and kind == "array":
            raise EndlessSchemaError("an array's items take no room")
        return False
    if kind not in {"record", "error"}:
        return schema.get("size") == 0 if kind == "fixed" else inside(kind)
    name = schema["name"].rpartition(".")[2]
    fields = [
        _walk(field["type"], open_names=open_names | {name}, roomless=roomless, depth=depth + 1)
        for field in schema["fields"]
    ]
    if all(fields):
        roomless.add(name)
    return all(fields)


def _named(name: str, open_names: frozenset[str], roomless: set[str]) -> bool:
    if name in open_names:
        raise EndlessSchemaError(f"{name} holds itself")
    return name == "null" or name in roomless
