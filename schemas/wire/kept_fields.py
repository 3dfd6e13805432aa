"""Values of a newer release's record that this release does not know, kept when it writes the record anew. Pure."""

from typing import Any

from schemas.wire.named_records import Named, kind_of, records_by_name, resolved


def covers(wider: Any, ours: Any) -> bool:
    """Whether every value of the schema ``ours`` can be written by the schema ``wider``, field by field. Both are parsed.

    Fields that only the wider schema has must have a default.
    """
    return _covers(wider, ours, records_by_name(wider), records_by_name(ours))


def _covers(wider: Any, ours: Any, wider_names: Named, our_names: Named) -> bool:
    if isinstance(ours, list):
        branches = wider if isinstance(wider, list) else [wider]
        return all(any(_covers(branch, one, wider_names, our_names) for branch in branches) for one in ours)
    if isinstance(wider, list):
        return any(_covers(branch, ours, wider_names, our_names) for branch in wider)
    wider, ours = resolved(wider, wider_names), resolved(ours, our_names)
    kind = kind_of(ours)
    if kind_of(wider) != kind:
        return False
    if kind == "record":
        theirs = {field["name"]: field for field in wider["fields"]}
        needed = {field["name"]: field["type"] for field in ours["fields"]}
        return (
            wider["name"] == ours["name"]
            and all("default" in field for name, field in theirs.items() if name not in needed)
            and all(
                name in theirs and _covers(theirs[name]["type"], one, wider_names, our_names)
                for name, one in needed.items()
            )
        )
    inside = {"array": "items", "map": "values"}.get(kind)
    return inside is None or _covers(wider[inside], ours[inside], wider_names, our_names)


def overlaid(schema: Any, *, whole: Any, known: Any, now: Any) -> Any:
    """The value ``now`` with what ``whole`` holds beyond it.

    Args:
        schema: the parsed schema by which the result is written.
        whole: the former value with all of its fields, by a schema that may have more than this release's.
        known: the former value as this release knows it.
        now: the present value as this release knows it.
    """
    return _overlaid(schema, whole, known, now, records_by_name(schema))


def _overlaid(schema: Any, whole: Any, known: Any, now: Any, names: Named) -> Any:
    if whole is not None and known == now:
        return whole
    record = _record_of(schema, names)
    if record is None or not isinstance(now, dict):
        return now
    whole, known = (each if isinstance(each, dict) else {} for each in (whole, known))
    return {
        field["name"]: _overlaid(
            field["type"], whole.get(field["name"]), known.get(field["name"]), now[field["name"]], names
        )
        if field["name"] in now
        else whole.get(field["name"], field.get("default"))
        for field in record["fields"]
    }


def _record_of(schema: Any, names: Named) -> Any:
    """The record that a value of this schema may be, or None."""
    branches = [resolved(branch, names) for branch in (schema if isinstance(schema, list) else [schema])]
    return next((branch for branch in branches if kind_of(branch) == "record"), None)
