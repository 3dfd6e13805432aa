"""The folds of a vendor's row."""

from typing import Any

import pytest

from console.read_model.folds.facts import Placed
from console.read_model.folds.outcomes import outcome_row
from console.read_model.folds.vendors import (
    is_known,
    new_vendor,
    vendor_reason,
    vendor_state,
    with_outcome,
    with_record,
    with_unreadable,
)
from console.read_model.store.views import VendorState
from schemas.records.outcome import LeftAlone, Status
from schemas.records.vendor_key import VendorKey
from tests.support.messages import outcome, vendor_record

KEY = VendorKey("acme", "v1")
LEFT = LeftAlone(
    group="payment_hold", field="hold", observed="yes", desired="no", code="foreign_hold", reason="A person."
)


def known(**fields: Any) -> dict[str, Any]:
    return with_record(new_vendor(KEY), vendor_record(**fields))


def after(row: dict[str, Any], offset: int = 0, **fields: Any) -> dict[str, Any]:
    return with_outcome(row, outcome_row(Placed(0, offset, outcome(**fields))), "t1")


def test_a_stale_record_changes_nothing_and_one_of_the_same_version_is_newer() -> None:
    row = known(version=3, legal_name="Three")
    assert with_record(row, vendor_record(version=2, legal_name="Two")) == row
    assert with_record(row, vendor_record(version=3, legal_name="Three again"))["name"] == "Three again"


def test_after_a_tombstone_any_version_is_new_and_answered_events_stay_answered() -> None:
    gone = with_record(after(known(version=3), through_offset=7), None)
    assert (gone["version"], gone["provider_id"], gone["through"]) == (-1, None, 7)
    assert with_record(gone, vendor_record(version=0, legal_name="Back"))["name"] == "Back"


def test_a_forwarded_record_must_be_newer_than_every_record_before_also_than_a_deleted_one() -> None:
    for row in (known(version=3), with_record(known(version=3), None)):
        assert with_record(row, vendor_record(version=3, legal_name="Copy"), forwarded=True) == row
        assert with_record(row, vendor_record(version=4, legal_name="Newer"), forwarded=True)["name"] == "Newer"


def test_a_record_that_a_person_put_in_force_replaces_one_of_a_higher_version() -> None:
    row = with_record(known(version=9), vendor_record(version=2, legal_name="Two"), accepted=True)
    assert (row["version"], row["name"]) == (2, "Two")


def test_a_vendor_of_which_no_record_can_be_read_is_known_with_the_state_of_its_outcome() -> None:
    row = with_unreadable(new_vendor(KEY))
    assert (is_known(new_vendor(KEY)), is_known(row)) == (False, True)
    assert vendor_state(row) is VendorState.NEVER_SYNCED
    assert vendor_state(after(row, status=Status.REJECTED, reason="It can't be read.")) is VendorState.REJECTED
    assert with_record(row, vendor_record(version=0))["version"] == 0
    assert not is_known(with_record(row, None))


def test_a_record_that_cannot_be_read_takes_nothing_from_what_is_known() -> None:
    assert with_unreadable(known(version=3)) == known(version=3)


def test_a_name_is_kept_short_enough_for_an_index_and_sorts_in_any_case() -> None:
    row = known(legal_name="  STRASSE" + "\0" + "ẞ" * 10_000)
    assert row["name"].startswith("STRASSE\ufffdẞ")
    assert row["sort_name"].startswith("strasse\ufffdss")
    assert len(row["sort_name"].encode()) + 128 + 128 < 2700


def test_a_vendor_without_a_name_goes_by_its_id() -> None:
    assert known(legal_name=" ")["name"] == "v1"


def test_of_two_outcomes_the_one_that_lies_further_back_on_the_topic_is_the_last() -> None:
    row = after(after(known(), 1, status=Status.FAILED), 0, status=Status.UPDATED)
    assert row["outcome_state"] == VendorState.FAILED


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (known(), VendorState.NEVER_SYNCED),
        (known(provider_id=None), VendorState.UNLINKED),
        (known() | {"event_offset": 0}, VendorState.QUEUED),
        (known(provider_id=None) | {"event_offset": 0}, VendorState.QUEUED),
        (after(known() | {"event_offset": 5}, through_offset=5), VendorState.UPDATED),
        (after(known() | {"event_offset": 6}, through_offset=5), VendorState.QUEUED),
        (after(known() | {"event_offset": 5}, through_offset=9, topic_id="of another life"), VendorState.QUEUED),
        (after(known() | {"event_offset": 5}, through_offset=5, status=Status.WRITING), VendorState.WRITING),
        (after(known(), status=Status.UNCHANGED), VendorState.UNCHANGED),
        (after(known(), status=Status.UNCHANGED, left_alone=(LEFT,)), VendorState.LEFT_ALONE),
        (after(known(), status=Status.UPDATED, left_alone=(LEFT,)), VendorState.UPDATED),
        (after(known(), status=Status.PARKED), VendorState.PARKED),
        (after(known(provider_id=None), status=Status.UPDATED), VendorState.UNLINKED),
    ],
)
def test_where_a_vendor_stands(row: dict[str, Any], state: VendorState) -> None:
    assert vendor_state(row) is state


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WRITING}))
def test_every_outcome_is_a_state(status: Status) -> None:
    assert vendor_state(after(known(), status=status)) == status.value


def test_a_reason_is_shown_only_for_the_state_that_it_explains() -> None:
    failed = after(known(), status=Status.FAILED, reason="Vantaca did not answer.")
    assert vendor_reason(failed, vendor_state(failed)) == "Vantaca did not answer."
    queued = failed | {"event_offset": 4}
    assert vendor_reason(queued, vendor_state(queued)) is None
    left = after(known(), status=Status.UNCHANGED, left_alone=(LEFT, LEFT))
    assert vendor_reason(left, vendor_state(left)) == "A person."
    unlinked = known(provider_id=None)
    assert vendor_reason(unlinked, vendor_state(unlinked)) == "It is not linked to a provider."
