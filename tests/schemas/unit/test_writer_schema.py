from typing import Any

import pytest

from schemas.wire.record_schema import load_schema
from schemas.wire.writer_schema import DEEPEST, EndlessSchemaError, refuse_endless
from tests.support.messages import KINDS


def record(*fields: Any, name: str = "R") -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"f{number}", "type": one} for number, one in enumerate(fields)],
    }


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def nested(levels: int) -> Any:
    schema: Any = "string"
    for number in range(levels):
        schema = record(schema, name=f"N{number}")
    return schema


def doubling(levels: int) -> Any:
    """A record that holds two of one that holds two, and so on: 2 to the power of ``levels`` parts, none of which takes room."""
    records = [record(name="a.D0")]
    records += [record(*[f"a.D{number - 1}"] * 2, name=f"a.D{number}") for number in range(1, levels + 1)]
    return record(*records, name="a.Doubling")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.SCHEMA)
def test_ours_are_read(kind: Any) -> None:
    refuse_endless(load_schema(f"avsc/{kind.SCHEMA}.avsc"))


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (record(["null", "R"]), "R' holds itself"),
        ({"type": "record", "name": "a.R", "fields": [{"name": "f", "type": array("a.R")}]}, "R' holds itself"),
        (record(array("null")), "take no room"),
        (record(array(record())), "take no room"),
        (record(record(name="E"), array("E")), "take no room"),
        (record(array({"type": "fixed", "name": "F", "size": 0})), "take no room"),
        (record({"type": "map", "values": record(*["null"] * 100)}), "too little for the number of their parts"),
        (record(array(record(*["null"] * 100, "boolean"))), "too little for the number of their parts"),
        (doubling(20), "more than 5000 of its parts take no room"),
        (record(doubling(20), record(name="b.D20"), "a.D20"), "more than 5000 of its parts take no room"),
        (nested(DEEPEST + 2), "deeper than"),
    ],
)
def test_what_takes_for_ever_is_refused(schema: Any, why: str) -> None:
    with pytest.raises(EndlessSchemaError, match=why):
        refuse_endless(schema)


def test_what_is_only_odd_is_not() -> None:
    refuse_endless(record("null", array("string"), {"type": "map", "values": "null"}, record(name="E"), "E"))
