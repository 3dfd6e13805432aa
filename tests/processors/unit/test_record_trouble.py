"""The sync of a vendor whose newest record VIVE can't act on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounting.port import Applied, Observed, Plan
from accounting.push_fingerprint import fingerprint
from accounting.vantaca.planning.plan import make_plan
from processors.vendor_sync.preparation import PreparedSync, prepare
from processors.vendor_sync.record_trouble import only_of_holds, rejection
from processors.vendor_sync.settlement import NotSynced, Synced, settle, with_latest_record
from schemas.kept_record import ReadAt, with_record, with_unreadable
from schemas.records.integration import FieldGroup
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered, VendorRow
from tests.accounting.builders import provider
from tests.support.messages import NOW, integration, vendor_record
from tests.support.tasks import sync_task

KEY = VendorKey("acme", "v1")
CLIENT = integration(pushes=tuple(FieldGroup))
TASK = sync_task(KEY, 40, partition=3)
HELD = {"payment_hold": True, "hold_reason": "Auto lapsed"}


def in_trouble(record: VendorRecord | None) -> VendorRow:
    """The row of a vendor behind whose good record is one that can't be read."""
    return with_unreadable(VendorRow(record=record), "undecodable", "EOFError while reading Avro.", ReadAt(3, 9, NOW))


def with_later(**fields: Any) -> VendorRow:
    """The row of a vendor with a later record of a lower version."""
    record = vendor_record(version=3, updated_at=NOW + timedelta(minutes=1), **fields)
    return with_record(VendorRow(record=vendor_record(version=9)), record, ReadAt(3, 9, NOW))


def ready(row: VendorRow, **client: Any) -> PreparedSync:
    prepared = prepare(KEY, row, CLIENT.model_copy(update=client))
    assert isinstance(prepared, PreparedSync)
    return prepared


def rejected(row: VendorRow, **client: Any) -> NotSynced:
    prepared = prepare(KEY, row, CLIENT.model_copy(update=client))
    assert isinstance(prepared, NotSynced)
    assert (prepared.status, prepared.code) == (Status.REJECTED, None)
    return prepared


def plan(prepared: PreparedSync, **observed: Any) -> Plan:
    seen = Observed(provider_id="17", provider=provider(provider_id="17", **observed), at=NOW)
    return make_plan(prepared.record, seen, prepared.integration, prepared.row.delivered, NOW)


def test_a_hold_that_the_last_good_record_wants_is_placed_and_nothing_else_is_written() -> None:
    prepared = ready(in_trouble(vendor_record(legal_name="New Name", **HELD)))
    made = plan(prepared, compliance_status="Pending", compliant=False)
    assert {change.group for change in made.changes} == {"payment_hold"}
    assert made.left_alone
    assert only_of_holds(made).left_alone == ()
    assert [(change.field, change.after) for change in made.changes] == [
        ("onHold", "yes"),
        ("onHoldReason", "[VIVE] Auto lapsed"),
    ]


@pytest.mark.parametrize(
    "row", [in_trouble(vendor_record()), with_later(), in_trouble(None), in_trouble(vendor_record(provider_id=None))]
)
def test_where_nobody_wants_a_hold_no_call_is_made(row: VendorRow) -> None:
    assert rejected(row).record == row.record


def test_where_vive_does_not_own_holds_no_call_is_made() -> None:
    rejected(in_trouble(vendor_record(**HELD)), pushes=(FieldGroup.STATUS,))


def test_a_hold_that_a_later_record_of_a_lower_version_wants_is_placed() -> None:
    made = plan(ready(with_later(**HELD)))
    assert [change.after for change in made.changes] == ["yes", "[VIVE] Auto lapsed"]


def test_the_reason_says_what_is_wrong_since_when_and_what_vive_still_does() -> None:
    assert rejected(in_trouble(vendor_record())).reason == (
        "VIVE has been unable to use this vendor's newest record since 2026-03-01 12:00 UTC. The record can't be read. "
        "VIVE only places payment holds for this vendor until a correct record arrives."
    )
    assert rejected(in_trouble(None)).reason == (
        "VIVE has been unable to use this vendor's newest record since 2026-03-01 12:00 UTC. The record can't be read. "
        "VIVE does not sync this vendor until a correct record arrives."
    )
    trouble = with_later().trouble
    assert trouble is not None
    assert rejection(trouble, vendor_record()) == (
        "VIVE has been unable to use this vendor's newest record since 2026-03-01 12:00 UTC. "
        "It has version 3, lower than version 9 of the record that VIVE keeps, although it was changed later. "
        "VIVE only places payment holds for this vendor until a record with a higher version arrives, "
        "or VIVE's support decides which record counts."
    )


def test_a_client_that_cannot_be_synced_is_skipped_also_in_trouble() -> None:
    skipped = prepare(KEY, in_trouble(vendor_record()), None)
    assert isinstance(skipped, NotSynced)
    assert skipped.status is Status.SKIPPED


def held(row: VendorRow, *, wrote: bool) -> Synced:
    prepared = ready(row)
    reason = "" if wrote else "[VIVE] Auto lapsed"
    made = plan(prepared, compliance_status="Pending", on_hold=not wrote, on_hold_reason=reason)
    assert bool(made.changes) is wrote
    return Synced(
        record=prepared.record,
        integration=prepared.integration,
        plan=replace(only_of_holds(made), delivered=Delivered(dba_name="of a restricted plan")),
        applied=Applied(delivered=Delivered(dba_name="of a restricted plan"), calls=1) if wrote else None,
        observed_at=NOW,
        calls=1,
        rejection=prepared.rejection,
    )


@pytest.mark.parametrize("wrote", [True, False])
def test_a_sync_that_only_placed_a_hold_is_rejected_and_leaves_the_next_record_to_be_pushed(*, wrote: bool) -> None:
    good = vendor_record(**HELD)
    row = in_trouble(good).model_copy(
        update={
            "settled_fingerprint": fingerprint(good, CLIENT),
            "delivered": Delivered(dba_name="Joe's"),
            "attempts": 2,
            "failing_since": NOW,
        }
    )
    result = held(row, wrote=wrote)
    settlement = settle(row, TASK, result, worker="w1", now=NOW)
    outcome, after = settlement.outcome, settlement.row
    assert (outcome.status, outcome.reason) == (Status.REJECTED, result.rejection)
    assert (bool(outcome.changes), outcome.left_alone, settlement.dead_letter) == (wrote, (), None)
    assert (after.status, after.settled_fingerprint, after.delivered) == ("rejected", None, row.delivered)
    assert (after.trouble, after.attempts, after.failing_since) == (row.trouble, 0, None)


def test_a_result_that_was_on_its_way_when_the_trouble_began_settles_no_fingerprint() -> None:
    good = vendor_record()
    result = Synced(
        record=good, integration=CLIENT, plan=Plan(provider_id="17"), applied=None, observed_at=NOW, calls=1
    )
    assert settle(in_trouble(good), TASK, result, worker="w1", now=NOW).row.settled_fingerprint is None
    assert settle(VendorRow(record=good), TASK, result, worker="w1", now=NOW).row.settled_fingerprint is not None


def test_trouble_that_came_while_a_row_was_settled_is_kept() -> None:
    settled = VendorRow(record=vendor_record(), status="updated")
    latest = in_trouble(vendor_record()).model_copy(update={"stale_records": 2})
    kept = with_latest_record(settled, latest)
    assert (kept.status, kept.trouble, kept.stale_records) == ("updated", latest.trouble, 2)
