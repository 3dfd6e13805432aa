from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.port import Applied, Plan
from accounting.push_fingerprint import fingerprint
from processors.vendor_sync.retry_policy import GiveUp, RetryAt
from processors.vendor_sync.settlement import NotSynced, Synced, settle, with_latest_record
from schemas.records.outcome import Change, LeftAlone, Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import Delivered, DeliveredPolicy, VendorRow
from schemas.topics import VENDOR_SYNC
from tests.support.messages import NOW, integration, vendor_record, vendor_rows
from tests.support.tasks import sync_task

CLIENT = integration()
RECORD = vendor_record(version=3)
CHANGE = Change(group="status", field="complianceStatus", before="Pending", after="Approved")
NOT_OWNED = LeftAlone(
    group="names", field="name", observed="Joe", desired="Joe's", code="not_owned", reason="VIVE does not own names."
)
NOT_STORED = NOT_OWNED.model_copy(update={"code": "not_stored"})
BEFORE = Delivered(dba_name="Joe's")
AFTER = Delivered(dba_name="Joe's", policies=(DeliveredPolicy(policy_type="gl", number="1", insurance_id="9"),))
TASK = sync_task(VendorKey("acme", "v1"), 40, 41, partition=3, run_id="run", attempt=2)
LATER = RetryAt(NOW + timedelta(minutes=10))

UNCHANGED = Synced(
    record=RECORD,
    integration=CLIENT,
    plan=Plan(provider_id="17", left_alone=(NOT_OWNED,), delivered=BEFORE),
    applied=None,
    observed_at=NOW - timedelta(seconds=5),
    calls=0,
)
UPDATED = Synced(
    record=RECORD,
    integration=CLIENT,
    plan=Plan(provider_id="17", calls=("call",), changes=(CHANGE,), left_alone=(NOT_OWNED,), delivered=BEFORE),
    applied=Applied(delivered=AFTER, left_alone=(NOT_STORED,), calls=2),
    observed_at=NOW,
    calls=2,
)


def not_synced(status: Status = Status.FAILED, **fields: Any) -> NotSynced:
    return NotSynced(status=status, reason="Vantaca said no.", record=RECORD, **fields)


results = st.sampled_from(
    [
        UNCHANGED,
        UPDATED,
        not_synced(next_step=LATER),
        not_synced(next_step=GiveUp()),
        not_synced(code="bug", trace="trace"),
        not_synced(Status.REJECTED, code="rejected"),
        not_synced(Status.MISSING, code="missing"),
        not_synced(Status.PARKED),
        NotSynced(status=Status.SKIPPED, reason="It is not linked."),
    ]
)


@given(row=st.none() | vendor_rows, result=results)
def test_an_outcome_answers_its_events_and_the_row_takes_no_answer_back(
    row: VendorRow | None, result: Synced | NotSynced
) -> None:
    settlement = settle(row, TASK, result, worker="w1", now=NOW)
    outcome = settlement.outcome
    before = row.through_offset if row is not None and row.topic_id == "t1" else -1
    assert (outcome.through_offset, outcome.topic_id) == (41, "t1")
    assert (settlement.row.through_offset, settlement.row.topic_id) == (max(41, before), "t1")
    assert settlement.row.status == outcome.status
    assert settlement.row.updated_at == outcome.at == NOW
    assert (outcome.key, outcome.run_id, outcome.cause, outcome.requested_by) == (TASK.key, "run", "sync_all", "Dana")
    assert (outcome.attempt, outcome.worker) == (2, "w1")
    assert settlement.row.record == (row.record if row else None)
    assert settlement.row.next_attempt_at == outcome.next_attempt_at


@given(row=st.none() | vendor_rows, result=results)
def test_settling_twice_gives_the_same(row: VendorRow | None, result: Synced | NotSynced) -> None:
    assert settle(row, TASK, result, worker="w1", now=NOW) == settle(row, TASK, result, worker="w1", now=NOW)


def test_an_unchanged_vendor_keeps_what_is_delivered() -> None:
    settlement = settle(VendorRow(record=RECORD, delivered=BEFORE), TASK, UNCHANGED, worker="w1", now=NOW)
    assert settlement.row.delivered == BEFORE
    outcome = settlement.outcome
    assert (outcome.status, outcome.changes, outcome.left_alone) == (Status.UNCHANGED, (), (NOT_OWNED,))
    assert (outcome.provider_id, outcome.record_version, outcome.calls) == ("17", 3, 0)
    assert outcome.observed_at == UNCHANGED.observed_at
    assert settlement.dead_letter is None


def test_an_updated_vendor_remembers_what_was_delivered_and_tells_what_was_not_stored() -> None:
    settlement = settle(VendorRow(record=RECORD, delivered=BEFORE), TASK, UPDATED, worker="w1", now=NOW)
    assert settlement.row.delivered == AFTER
    outcome = settlement.outcome
    assert (outcome.status, outcome.changes) == (Status.UPDATED, (CHANGE,))
    assert outcome.left_alone == (NOT_OWNED, NOT_STORED)
    assert outcome.calls == 2
    assert settlement.dead_letter is None


@pytest.mark.parametrize("result", [UNCHANGED, UPDATED], ids=["unchanged", "updated"])
def test_a_success_ends_a_row_of_failures(result: Synced) -> None:
    failing = VendorRow(record=RECORD, attempts=3, failing_since=NOW, next_attempt_at=NOW, parked=True)
    row = settle(failing, TASK, result, worker="w1", now=NOW).row
    assert (row.attempts, row.failing_since, row.next_attempt_at, row.parked) == (0, None, None, False)
    assert row.settled_fingerprint == fingerprint(RECORD, CLIENT)


def test_what_was_synced_is_settled_though_a_newer_record_came_meanwhile() -> None:
    newer = vendor_record(version=4, compliant=False)
    row = settle(VendorRow(record=newer), TASK, UPDATED, worker="w1", now=NOW).row
    assert row.record == newer
    assert row.settled_fingerprint == fingerprint(RECORD, CLIENT) != fingerprint(newer, CLIENT)


def test_failures_are_counted_from_the_first_and_say_when_it_goes_on() -> None:
    first = settle(
        VendorRow(record=RECORD, settled_fingerprint="f"), TASK, not_synced(next_step=LATER), worker="", now=NOW
    )
    assert (first.row.attempts, first.row.failing_since, first.row.next_attempt_at) == (1, NOW, LATER.at)
    assert first.row.settled_fingerprint == "f"
    assert (first.outcome.status, first.outcome.reason) == (Status.FAILED, "Vantaca said no.")
    assert first.outcome.next_attempt_at == LATER.at
    assert first.dead_letter is None
    later = NOW + timedelta(hours=1)
    second = settle(first.row, TASK, not_synced(next_step=LATER), worker="", now=later)
    assert (second.row.attempts, second.row.failing_since) == (2, NOW)


@pytest.mark.parametrize("status", [Status.REJECTED, Status.MISSING, Status.PARKED, Status.SKIPPED])
def test_what_is_no_failure_ends_the_count_of_failures(status: Status) -> None:
    failing = VendorRow(record=RECORD, attempts=2, failing_since=NOW - timedelta(days=2))
    row = settle(failing, TASK, not_synced(status), worker="", now=NOW).row
    assert (row.attempts, row.failing_since) == (0, None)
    assert row.next_attempt_at is None
    assert row.parked is (status is Status.PARKED)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (not_synced(next_step=GiveUp()), "gave_up"),
        (not_synced(code="bug", trace="File x"), "bug"),
        (not_synced(Status.REJECTED, code="rejected"), "rejected"),
        (not_synced(Status.MISSING, code="missing"), "missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_retry_mends_is_a_dead_letter(result: NotSynced, code: str) -> None:
    settlement = settle(VendorRow(record=RECORD, attempts=4), TASK, result, worker="w1", now=NOW)
    letter = settlement.dead_letter
    assert letter is not None
    assert (letter.code, letter.reason, letter.trace) == (code, "Vantaca said no.", result.trace)
    assert (letter.client_id, letter.vendor_id, letter.run_id) == ("acme", "v1", "run")
    assert (letter.topic, letter.partition, letter.offset) == (VENDOR_SYNC.name, 3, 41)
    made = 5 if result.status is Status.FAILED else 4
    assert (letter.key, letter.attempts, letter.at) == (b"acme:v1", made, NOW)
    assert (settlement.row.attempts, settlement.row.failing_since) == (0, None)
    assert settlement.row.next_attempt_at is None


@pytest.mark.parametrize("result", [not_synced(next_step=LATER), not_synced(Status.PARKED), not_synced(Status.SKIPPED)])
def test_what_goes_on_by_itself_or_needs_nothing_is_no_dead_letter(result: NotSynced) -> None:
    assert settle(None, TASK, result, worker="w1", now=NOW).dead_letter is None


def test_a_vendor_without_data_is_settled_without_a_record() -> None:
    skipped = NotSynced(status=Status.SKIPPED, reason="VIVE has no data.")
    settlement = settle(None, TASK, skipped, worker="w1", now=NOW)
    assert settlement.row.record is None
    assert (settlement.outcome.provider_id, settlement.outcome.record_version) == (None, None)


def test_the_settled_row_takes_the_record_that_came_in_meanwhile() -> None:
    settled = settle(VendorRow(record=RECORD), TASK, UPDATED, worker="w1", now=NOW).row
    newer = vendor_record(version=4)
    assert with_latest_record(settled, VendorRow(record=newer)) == settled.model_copy(update={"record": newer})
    assert with_latest_record(settled, VendorRow(record=None)).record is None
    assert with_latest_record(settled, VendorRow(record=RECORD)) == settled
    assert with_latest_record(settled, None) == settled
