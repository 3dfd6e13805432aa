"""The ``.avsc`` files and the models agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from schemas.message import Message, Part
from schemas.wire.record_schema import load_schema
from tests.support.messages import KINDS, models_below


def records_in(schema: Any) -> Iterator[dict[str, Any]]:
    """The record and those defined inside it."""
    if isinstance(schema, list):
        for branch in schema:
            yield from records_in(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
            for field in schema["fields"]:
                yield from records_in(field["type"])
        for inner in ("items", "values"):
            yield from records_in(schema.get(inner))


def parts() -> dict[str, type[Part]]:
    """Every model that stands in a message, by name."""
    return {part.__name__: part for part in models_below(Part)}


RECORDS = [(kind, record) for kind in KINDS for record in records_in(load_schema(f"avsc/{kind.SCHEMA}.avsc"))]
records = pytest.mark.parametrize(
    ("kind", "record"), RECORDS, ids=[f"{kind.SCHEMA}-{record['name']}" for kind, record in RECORDS]
)


def test_every_model_has_a_record_and_every_record_a_model() -> None:
    assert {record["name"] for _, record in RECORDS} == parts().keys()


@records
def test_every_record_and_every_field_is_described(kind: type[Message], record: dict[str, Any]) -> None:
    undescribed = [field["name"] for field in record["fields"] if not field.get("doc", "").strip()]
    assert record.get("doc", "").strip(), f"{record['name']} in {kind.SCHEMA}.avsc"
    assert undescribed == []


@records
def test_a_records_fields_are_its_models_in_the_same_order(kind: type[Message], record: dict[str, Any]) -> None:
    model = kind if record["name"] == kind.__name__ else parts()[record["name"]]
    assert [field["name"] for field in record["fields"]] == list(model.model_fields)


@records
def test_defaults_agree_where_both_have_one(kind: type[Message], record: dict[str, Any]) -> None:
    model = kind if record["name"] == kind.__name__ else parts()[record["name"]]
    declared = {field["name"]: field["default"] for field in record["fields"] if "default" in field}
    meant = {name: default_of(model, name) for name in declared if not model.model_fields[name].is_required()}
    assert meant == {name: declared[name] for name in meant}


@records
def test_what_a_model_may_leave_out_the_schema_may_too(kind: type[Message], record: dict[str, Any]) -> None:
    model = kind if record["name"] == kind.__name__ else parts()[record["name"]]
    optional = {name for name, field in model.model_fields.items() if not field.is_required()}
    assert optional <= {field["name"] for field in record["fields"] if "default" in field}


def default_of(model: type[BaseModel], name: str) -> Any:
    return to_jsonable_python(model.model_fields[name].get_default(call_default_factory=True))


def test_all_records_share_one_namespace() -> None:
    assert {load_schema(f"avsc/{kind.SCHEMA}.avsc")["namespace"] for kind in KINDS} == {"com.vive.sync"}
