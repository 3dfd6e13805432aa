"""What the table keeps beside a row."""

import pytest
from hypothesis import given

from processors.state.row_summary import summary_of
from schemas.kept_record import ReadAt, with_unreadable
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from tests.support.messages import NOW, vendor_record, vendor_rows


def test_a_vendor_is_known_by_its_record_and_linked_by_its_provider() -> None:
    known = {
        "without data": summary_of(VendorRow(), "t1"),
        "unlinked": summary_of(VendorRow(record=vendor_record(provider_id=None)), "t1"),
        "linked": summary_of(VendorRow(record=vendor_record()), "t1"),
    }
    assert {name: (summary.known, summary.linked) for name, summary in known.items()} == {
        "without data": (False, False),
        "unlinked": (True, False),
        "linked": (True, True),
    }


@pytest.mark.parametrize("record", [None, vendor_record(provider_id=None), vendor_record()])
def test_a_vendor_whose_newest_record_cannot_be_used_is_part_of_a_run(record: VendorRecord | None) -> None:
    row = with_unreadable(VendorRow(record=record), "invalid", "Not a valid VendorRecord.", ReadAt(0, 7, NOW))
    summary = summary_of(row, "t1")
    assert (summary.known, summary.linked) == (True, True)


def test_offsets_of_another_life_of_the_topic_answer_nothing() -> None:
    row = VendorRow(through_offset=41, topic_id="t1")
    assert summary_of(row, "t1").answered_through == 41
    assert summary_of(row, "t2").answered_through == -1


@given(vendor_rows)
def test_a_row_that_was_never_settled_answers_nothing(row: VendorRow) -> None:
    never = row.model_copy(update={"through_offset": -1})
    assert summary_of(never, row.topic_id).answered_through == -1
