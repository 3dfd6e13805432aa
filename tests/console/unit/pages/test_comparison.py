"""The comparison of a vendor, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from console.pages.views.comparison import comparison, facts, history, last_settled
from console.read_model.store.views import VendorDetail, VendorLine, VendorState
from schemas.records.integration import Mode
from schemas.records.outcome import Change, LeftAlone, Status, VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord
from tests.console.pages.fake_read_model import integration

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WRITTEN = Change(group="status", field="compliant", before="no", after="yes")
HELD = LeftAlone(
    group="payment_hold", field="onHold", observed="yes", desired="no", code="foreign_hold", reason="A person."
)


def record(**fields: Any) -> VendorRecord:
    given = {
        "client_id": "acme",
        "vendor_id": "v-1",
        "version": 7,
        "updated_at": AT,
        "compliant": True,
        "status": "Approved",
    }
    return VendorRecord.model_validate(given | fields)


def outcome(status: Status, **fields: Any) -> VendorSyncOutcome:
    given = {
        "client_id": "acme",
        "vendor_id": "v-1",
        "status": status,
        "through_offset": 1,
        "topic_id": "topic",
        "cause": "sync_all",
        "record_version": 7,
        "at": AT,
    }
    return VendorSyncOutcome.model_validate(given | fields)


def detail(*outcomes: VendorSyncOutcome, record: VendorRecord | None = None) -> VendorDetail:
    line = VendorLine(vendor_id="v-1", name="Bright", provider_id="1", state=VendorState.UPDATED, reason=None, at=AT)
    return VendorDetail(line=line, record=record, outcomes=outcomes)


def test_written_left_and_agreeing_rows() -> None:
    found = detail(outcome(Status.UPDATED, changes=(WRITTEN,), left_alone=(HELD,)), record=record())
    rows = comparison(found, integration())
    assert [(row.field, row.vive, row.vantaca, row.result) for row in rows] == [
        ("Compliant", "yes", "no", "written"),
        ("Payment hold", "no", "yes", "left"),
        ("Insurance", None, None, "agrees"),
    ]
    assert rows[1].because == "A person."


def test_only_pushed_groups_are_compared() -> None:
    found = detail(outcome(Status.UNCHANGED), record=record())
    groups = {mode: [row.group for row in comparison(found, integration(mode))] for mode in Mode}
    assert groups[Mode.TWO_WAY] == ["Status", "Payment hold", "Insurance"]
    assert groups[Mode.SYSTEM_OF_RECORD] == ["Status", "Payment hold", "Insurance", "Names", "Address"]


@pytest.mark.parametrize(
    "found",
    [
        detail(outcome(Status.UNCHANGED, record_version=6), record=record()),
        detail(outcome(Status.FAILED), record=record()),
        detail(record=record()),
    ],
    ids=["a newer record", "a failure", "no outcome"],
)
def test_unknown_values_are_not_shown_as_agreeing(found: VendorDetail) -> None:
    assert {row.result for row in comparison(found, integration())} == {"unknown"}


def test_an_announced_write_without_confirmation_is_no_written_row() -> None:
    failed = outcome(Status.FAILED, changes=(WRITTEN,))
    assert comparison(detail(failed, record=record()), integration())[0].result == "planned"


def test_a_hold_that_was_placed_for_a_rejected_vendor_is_written_and_its_announcement_confirmed() -> None:
    rejected = outcome(Status.REJECTED, changes=(WRITTEN,), reason="The newest record can't be used.")
    found = detail(rejected, outcome(Status.WRITING, changes=(WRITTEN,)), record=record())
    assert comparison(found, integration())[0].result == "written"
    assert [entry.outcome for entry in history(found)] == [rejected]


def test_the_last_settled_outcome_is_none_that_only_announces() -> None:
    updated = outcome(Status.UPDATED)
    assert last_settled(detail(outcome(Status.WRITING), updated)) is updated
    assert last_settled(detail(outcome(Status.WRITING))) is None


def test_an_announcement_and_its_confirmation_are_one_line_of_history() -> None:
    shown = history(
        detail(
            outcome(Status.WRITING),
            outcome(Status.UPDATED),
            outcome(Status.WRITING),
            outcome(Status.UNCHANGED),
            outcome(Status.WRITING),
        )
    )
    assert [event.label for event in shown] == ["In progress", "Updated", "Unchanged", "Not confirmed"]


def test_vives_facts_leave_out_empty_values() -> None:
    shown = {fact.label: fact.value for fact in facts(record(exempt=True, payment_hold=True, hold_reason="No W-9"))}
    assert shown == {
        "Status": "Approved · Compliant, exempt",
        "Payment hold": "On hold: No W-9",
        "Insurance": "No policies",
        "Provider in Vantaca": "Not linked",
    }
