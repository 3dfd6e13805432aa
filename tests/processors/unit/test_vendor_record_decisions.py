from collections.abc import Iterable
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.push_fingerprint import fingerprint
from processors.vendor_records.decisions import RecordChange, forget_record, joined, judge, keep_record
from schemas.kept_record import ReadAt
from schemas.records.integration import Integration
from schemas.records.sync_run import Lane
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import Delivered, VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from tests.support.messages import NOW, integration, vendor_record, vendor_rows

CLIENT = integration()
READ = ReadAt(2, 0, NOW)
Log = list[VendorRecord | None]

changed_records = st.builds(
    vendor_record,
    version=st.integers(min_value=0, max_value=5),
    origin=st.sampled_from(Origin),
    provider_id=st.sampled_from([None, "17", "18"]),
    compliant=st.booleans(),
    payment_hold=st.booleans(),
    hold_reason=st.sampled_from(["", "lapsed"]),
    legal_name=st.sampled_from(["", "Joe's Plumbing"]),
)


@st.composite
def logs_as_vive_writes_them(draw: st.DrawFn) -> Log:
    """A vendor's records with versions that never fall, and tombstones between them."""
    records = draw(st.lists(changed_records, min_size=1, max_size=8))
    versions = accumulate(record.version for record in records)
    log: Log = [record.model_copy(update={"version": v}) for record, v in zip(records, versions, strict=True)]
    for at in draw(st.lists(st.integers(min_value=0, max_value=len(log)), max_size=2)):
        log.insert(at, None)
    return log


def folded(log: Iterable[VendorRecord | None]) -> VendorRow | None:
    row: VendorRow | None = None
    for offset, record in enumerate(log):
        read = ReadAt(2, offset, NOW)
        row = forget_record(row, read).row if record is None else keep_record(row, record, read).row or row
    return row


def out_of_trouble(row: VendorRow | None) -> VendorRow | None:
    """The row with a record that no record is newer than by its time only."""
    if row is None or row.record is None:
        return None
    record = row.record.model_copy(update={"updated_at": NOW})
    return row.model_copy(update={"record": record, "trouble": None})


def event_for(row: VendorRow | None, record: VendorRecord, client: Integration | None = CLIENT) -> VendorSync | None:
    """The event that follows from a record that comes by itself."""
    change = keep_record(row, record, READ).change
    return None if change is None else judge(change, client, NOW)


def settled(record: VendorRecord) -> VendorRow:
    return VendorRow(record=record, settled_fingerprint=fingerprint(record, CLIENT), through_offset=4, topic_id="t1")


@given(st.lists(changed_records, min_size=1, max_size=10))
def test_a_stale_record_never_regresses_the_row(log: list[VendorRecord]) -> None:
    newest = max(record.version for record in log)
    row = folded(log)
    assert row is not None
    assert row.record == [record for record in log if record.version == newest][-1]


def test_a_stale_record_is_neither_kept_nor_queued() -> None:
    row = VendorRow(record=vendor_record(version=5))
    decision = keep_record(row, vendor_record(version=4, compliant=False), READ)
    assert decision.row is not None
    assert (decision.row.record, decision.change, decision.trouble) == (row.record, None, None)


def test_a_record_of_the_same_version_takes_the_place_of_the_one_kept() -> None:
    row = VendorRow(record=vendor_record(version=5))
    newer = vendor_record(version=5, compliant=False)
    kept = keep_record(row, newer, READ).row
    assert kept is not None
    assert kept.record == newer


@given(row=st.none() | vendor_rows, record=changed_records)
def test_the_same_record_twice_leaves_the_same_row(row: VendorRow | None, record: VendorRecord) -> None:
    once = keep_record(row, record, READ).row
    if once is not None:
        assert keep_record(once, record, READ).row == once


@given(row=vendor_rows, record=changed_records)
def test_a_record_touches_nothing_of_the_row_but_what_is_known_of_records(row: VendorRow, record: VendorRecord) -> None:
    kept = keep_record(row, record, READ).row
    if kept is not None:
        of_records = {"record", "last_version", "record_offset", "stale_records", "trouble", "updated_at"}
        assert kept.model_dump(exclude=of_records) == row.model_dump(exclude=of_records)


@given(logs_as_vive_writes_them())
def test_folding_the_whole_log_equals_folding_its_compacted_log(log: Log) -> None:
    whole, compacted = folded(log), folded(log[-1:])
    assert (whole.record if whole else None) == (compacted.record if compacted else None)


@given(row=st.none() | vendor_rows, record=changed_records)
def test_a_snapshot_never_queues(row: VendorRow | None, record: VendorRecord) -> None:
    snapshot = record.model_copy(update={"origin": Origin.SNAPSHOT})
    assert keep_record(out_of_trouble(row), snapshot, READ).change is None


@given(row=st.none() | vendor_rows, record=changed_records)
def test_an_unlinked_vendor_never_queues(row: VendorRow | None, record: VendorRecord) -> None:
    unlinked = record.model_copy(update={"provider_id": None})
    assert keep_record(out_of_trouble(row), unlinked, READ).change is None


@pytest.mark.parametrize(
    "unfit", [None, integration(mode="one_way"), integration(system="cinc"), integration(ended_at=NOW)]
)
def test_a_client_that_cannot_be_synced_keeps_its_records_and_never_queues(unfit: Integration | None) -> None:
    assert keep_record(None, vendor_record(), READ).row is not None
    assert event_for(None, vendor_record(), unfit) is None


def test_a_new_linked_vendor_is_queued_in_lane_live() -> None:
    event = event_for(None, vendor_record())
    assert event is not None
    assert (event.key, event.lane, event.cause, event.run_id) == (
        vendor_record().key,
        Lane.LIVE,
        Cause.VENDOR_CHANGED,
        None,
    )


def test_a_change_of_what_is_pushed_is_queued() -> None:
    row = settled(vendor_record())
    assert event_for(row, vendor_record(version=2, payment_hold=True, hold_reason="lapsed")) is not None


def test_a_change_of_what_is_not_pushed_is_kept_and_not_queued() -> None:
    row, record = settled(vendor_record()), vendor_record(version=2, legal_name="Joe")
    assert event_for(row, record) is None
    kept = keep_record(row, record, READ).row
    assert kept is not None
    assert kept.record == record


def test_a_record_read_again_after_a_crash_asks_again_when_it_was_not_settled() -> None:
    before, record = settled(vendor_record()), vendor_record(version=2, compliant=False)
    first = event_for(before, record)
    assert first is not None
    assert event_for(keep_record(before, record, READ).row, record) == first


def test_a_record_read_again_after_it_was_settled_asks_for_nothing() -> None:
    assert event_for(settled(vendor_record()), vendor_record()) is None


def test_a_change_back_while_the_change_is_on_its_way_is_queued() -> None:
    there = vendor_record(version=2, compliant=False)
    row = keep_record(settled(vendor_record()), there, READ).row
    assert event_for(row, vendor_record(version=3)) is not None


def test_a_link_to_another_provider_is_queued() -> None:
    assert event_for(settled(vendor_record()), vendor_record(version=2, provider_id="18")) is not None


def test_a_tombstone_takes_the_record_and_leaves_what_was_answered_and_delivered() -> None:
    row = settled(vendor_record()).model_copy(update={"delivered": Delivered(dba_name="Joe")})
    later = NOW + timedelta(seconds=1)
    forgotten = {"record": None, "last_version": 1, "record_offset": 5, "updated_at": later}
    assert forget_record(row, ReadAt(2, 5, later)).row == row.model_copy(update=forgotten)
    assert forget_record(None, ReadAt(2, 5, later)).row is None


def test_after_a_tombstone_a_vendor_begins_anew_with_any_version() -> None:
    row = forget_record(settled(vendor_record(version=9)), READ).row
    assert keep_record(row, vendor_record(version=1), READ).row is not None
    assert event_for(row, vendor_record(version=1)) is not None


def changes_that_wait(row: VendorRow | None, *records: VendorRecord) -> RecordChange:
    change: RecordChange | None = None
    for record in records:
        decision = keep_record(row, record, READ)
        assert decision.change is not None
        row, change = decision.row, joined(change, decision.change)
    assert change is not None
    return change


def test_changes_that_wait_together_lead_to_one_event() -> None:
    change = changes_that_wait(settled(vendor_record()), *(vendor_record(version=n, compliant=False) for n in (2, 3)))
    assert judge(change, CLIENT, NOW) == event_for(None, vendor_record())


def test_a_change_and_a_change_back_that_wait_together_lead_to_an_event() -> None:
    """An attempt may have taken the first one meanwhile."""
    there, back = vendor_record(version=2, compliant=False), vendor_record(version=3)
    assert judge(changes_that_wait(settled(vendor_record()), there, back), CLIENT, NOW) is not None


@pytest.mark.parametrize("unfit", [None, integration(mode="one_way")])
def test_changes_that_wait_together_lead_to_nothing_where_the_client_cannot_be_synced(
    unfit: Integration | None,
) -> None:
    change = changes_that_wait(None, vendor_record(version=1), vendor_record(version=2, compliant=False))
    assert judge(change, unfit, NOW) is None
