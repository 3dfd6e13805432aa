import difflib
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.contract.facts import avro_facts, http_facts
from tests.contract.json_types import keys_of
from tests.contract.text import PATH, ROOT, contract_of
from tests.contract.tree import Tree, TreeError


def test_the_contract_in_the_repository_is_what_the_code_says() -> None:
    written, actual = PATH.read_text(), contract_of(Tree(ROOT))
    changed = difflib.unified_diff(written.splitlines(), actual.splitlines(), PATH.name, "the code", lineterm="", n=0)
    assert written == actual, "\n".join(
        ["Public names have changed. If that is meant, run `make contract` and commit the file.", *changed]
    )


def test_of_another_checkout_its_own_code_is_read(tmp_path: Path) -> None:
    for room in ROOT.glob("*/__init__.py"):
        if room.parent.name != "tests":
            shutil.copytree(room.parent, tmp_path / room.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    topics = tmp_path / "schemas/topics.py"
    topics.write_text(topics.read_text().replace('"vive.sync-run"', '"vive.of-the-other-checkout"'))
    assert "vive.of-the-other-checkout" in Tree(tmp_path).declared()["topics"]


def test_a_checkout_without_a_virtual_environment_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match=f"make -C {tmp_path} setup"):
        Tree(tmp_path)


def record(**field: Any) -> dict[str, Any]:
    return {"type": "record", "namespace": "n", "name": "R", "fields": [{"name": "f", "type": "string", **field}]}


def test_a_changed_default_is_a_changed_line_and_changed_documentation_is_none() -> None:
    before = list(avro_facts([("", record(default="a", doc="Before."))]))
    assert before[0] == 'avro n.R f: string, default "a"'
    assert list(avro_facts([("", record(default="a", doc="After."))])) == before
    assert next(avro_facts([("", record(default="b"))])) == 'avro n.R f: string, default "b"'


def test_the_order_of_fields_is_in_the_fingerprint() -> None:
    one, other = record(), record()
    one["fields"] = [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]
    other["fields"] = one["fields"][::-1]
    assert set(avro_facts([("", one)])) ^ set(avro_facts([("", other)])) == {
        line for schema in (one, other) for line in avro_facts([("", schema)]) if "fingerprint" in line
    }


def test_keys_are_named_by_their_way_from_the_body_whatever_the_components_are_called() -> None:
    lists = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array"}}}
    lists["properties"]["items"]["items"] = {"$ref": "#/components/schemas/Item"}  # type: ignore[index]
    item = {"type": "object", "properties": {"parent": {"anyOf": [{"$ref": "#/components/schemas/Item"}]}}}
    assert list(keys_of(lists, {"Item": item})) == ["items: array of (object)", "items[].parent: object, may be absent"]


def test_a_renamed_operation_is_a_changed_line() -> None:
    def described(operation_id: str) -> list[str]:
        operation = {"operationId": operation_id, "responses": {"204": {}}}
        components: dict[str, Any] = {"schemas": {}, "securitySchemes": {}}
        return list(http_facts({"paths": {"/health": {"get": operation}}, "security": [], "components": components}))

    assert described("one") == [
        "http GET /health: operation id one",
        "http GET /health: security none",
        "http GET /health: 204",
    ]
    assert described("other")[0] == "http GET /health: operation id other"
