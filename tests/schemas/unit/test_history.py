"""What was published stays readable, and what is read stays written: FULL_TRANSITIVE, version by version."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas.message import Message
from schemas.wire.codec import Codec
from schemas.wire.record_schema import load_schema, past_versions
from tests.support.messages import KINDS

FIXTURES = Path(__file__).parents[1] / "fixtures"
HISTORY = Path(__file__).parents[3] / "schemas" / "history"
VERSIONS = [(kind, number) for kind in KINDS for number in range(1, len(past_versions(kind.SCHEMA)) + 1)]

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.SCHEMA)


def incompatibilities(versions: list[dict[str, Any]]) -> list[str]:
    """Which version can't read which, and why: every reader against every writer."""
    parsed = [avro.schema.parse(json.dumps(version)) for version in versions]
    problems = []
    for (reader_number, reader), (writer_number, writer) in product(enumerate(parsed, start=1), repeat=2):
        checker: Any = ReaderWriterCompatibilityChecker
        result = checker().get_compatibility(reader, writer)
        if result.compatibility is not SchemaCompatibilityType.compatible:
            problems.append(f"version {reader_number} can't read version {writer_number}: {sorted(result.messages)}")
    return problems


@kinds
def test_versions_are_numbered_from_one_without_a_gap(kind: type[Message]) -> None:
    numbers = sorted(int(path.stem) for path in (HISTORY / kind.SCHEMA).iterdir())
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


@kinds
def test_the_present_schema_is_its_newest_published_version(kind: type[Message]) -> None:
    newest = past_versions(kind.SCHEMA)[-1]
    assert load_schema(f"avsc/{kind.SCHEMA}.avsc") == newest, (
        f"avsc/{kind.SCHEMA}.avsc has changed: add it to schemas/history/{kind.SCHEMA} as the next version."
    )


def test_history_holds_no_other_records() -> None:
    assert {path.name for path in HISTORY.iterdir()} == {kind.SCHEMA for kind in KINDS}


@kinds
def test_every_version_reads_every_other(kind: type[Message]) -> None:
    assert incompatibilities(past_versions(kind.SCHEMA)) == []


@kinds
def test_the_check_sees_a_new_field_without_a_default(kind: type[Message]) -> None:
    schema = load_schema(f"avsc/{kind.SCHEMA}.avsc")
    required = schema | {"fields": [*schema["fields"], {"name": "colour", "type": "string"}]}
    (problem,) = incompatibilities([*past_versions(kind.SCHEMA), required])[-1:]
    assert "colour" in problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"name": "a", "type": "string"}, {"name": "a", "type": "long"}),
        ({"name": "a", "type": "int", "default": 0}, {"name": "a", "type": "long", "default": 0}),
        ({"name": "a", "type": "string"}, {"name": "a", "type": ["null", "string"], "default": None}),
        ({"name": "a", "type": "string"}, {"name": "b", "type": "string", "default": ""}),
    ],
    ids=["other type", "widened", "made optional", "renamed"],
)
def test_the_check_fails_on_a_schema_that_changed_incompatibly(before: dict[str, Any], after: dict[str, Any]) -> None:
    versions = [{"type": "record", "name": "Small", "fields": [field]} for field in (before, after)]
    assert incompatibilities(versions)
    assert incompatibilities(versions[:1] * 2) == []


@pytest.mark.parametrize(("kind", "number"), VERSIONS, ids=lambda value: getattr(value, "SCHEMA", value))
def test_what_a_past_version_wrote_still_means_the_same(kind: type[Message], number: int) -> None:
    """``<record>.<version>.json`` is the record and ``<record>.<version>.hex`` the bytes that the version wrote of it.

    Neither is ever changed. A new version needs both, written by its own codec.
    """
    expected = FIXTURES / f"{kind.SCHEMA}.{number}.json"
    wrote = bytes.fromhex((FIXTURES / f"{kind.SCHEMA}.{number}.hex").read_text())
    assert Codec().decode(kind, wrote) == kind.model_validate_json(expected.read_bytes())


def test_every_fixture_is_of_a_published_version() -> None:
    expected = {f"{kind.SCHEMA}.{number}{end}" for kind, number in VERSIONS for end in (".json", ".hex")}
    assert {path.name for path in FIXTURES.iterdir()} == expected
