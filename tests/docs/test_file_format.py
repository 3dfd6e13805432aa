import json
from typing import get_args

import pytest
from pydantic.fields import FieldInfo

from accounting.vantaca.sandbox.faults.faults import Fault
from accounting.vantaca.sandbox.server.data_file import SandboxData
from producers.records import read_lines
from schemas.message import Message
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from tests.docs.markdown import REFERENCE, fenced, table, unquoted

TEXT = (REFERENCE / "file-format.md").read_text()


def agrees(documented: str, field: FieldInfo) -> bool:
    if field.is_required():
        return documented == "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ((), {}):
        return documented in {"none", "nothing"}
    if isinstance(default, bool):
        return documented == f"`{str(default).lower()}`"
    return (
        documented == "empty"
        if str(default) in {"", str(VendorRecord.model_fields["address"].default)}
        else documented == f"`{default}`"
    )


@pytest.mark.parametrize("kind", [Integration, VendorRecord])
def test_every_field_is_told_with_its_default(kind: type[Message]) -> None:
    rows = table(TEXT, "Field", after=f"### `{kind.SCHEMA}`")
    assert [unquoted(row["Field"]) for row in rows] == list(kind.model_fields)
    for row in rows:
        assert agrees(row["Default"], kind.model_fields[unquoted(row["Field"])]), row


def test_the_sandboxs_example_is_read() -> None:
    (block,) = fenced(TEXT, "json")
    data = SandboxData.model_validate(json.loads(block))
    assert data.companies[0].providers
    assert data.faults


def test_every_kind_of_fault_is_told() -> None:
    every = get_args(get_args(Fault)[0])
    kinds = [fault.model_fields["kind"].default for fault in every]
    documented = ", ".join(f"`{kind}`" for kind in kinds[:-1])
    assert f"Kinds of faults are {documented} and `{kinds[-1]}`." in TEXT


def test_the_example_lines_can_be_loaded() -> None:
    (block,) = fenced(TEXT, "jsonl")
    assert [type(record) for record in read_lines(block.splitlines())] == [Integration, VendorRecord]
