from hypothesis import given
from hypothesis import strategies as st

from processors.state.pending_events import Attempt, PendingEvent, PendingEvents
from schemas.records.vendor_key import VendorKey
from tests.support.messages import vendor_record

ONE, OTHER = VendorKey("acme", "v1"), VendorKey("acme", "v2")


def noted(*offsets: int, answered_through: int = -1) -> PendingEvents:
    marks = PendingEvents()
    for offset in offsets:
        marks.note(0, ONE, PendingEvent(offset, f"run-{offset}"), answered_through=answered_through)
    return marks


def test_a_noted_event_is_pending_until_an_answer_reaches_it() -> None:
    marks = noted(7)
    assert marks.of(0, ONE) == PendingEvent(7, "run-7")
    marks.answered(0, ONE, 6)
    assert marks.of(0, ONE) == PendingEvent(7, "run-7")
    marks.answered(0, ONE, 7)
    assert marks.of(0, ONE) is None
    assert len(marks) == 0


def test_an_answer_beyond_the_event_takes_it_away() -> None:
    marks = noted(7)
    marks.answered(0, ONE, 70)
    assert marks.of(0, ONE) is None


def test_the_newest_event_of_a_vendor_is_the_one_that_counts() -> None:
    assert noted(3, 9, 5).of(0, ONE) == PendingEvent(9, "run-9")


def test_an_event_noted_after_it_was_answered_is_ignored() -> None:
    assert noted(7, answered_through=7).of(0, ONE) is None
    assert noted(7, answered_through=8).of(0, ONE) is None
    assert noted(8, answered_through=7).of(0, ONE) == PendingEvent(8, "run-8")


def test_vendors_and_partitions_are_kept_apart() -> None:
    marks = noted(7)
    marks.note(1, ONE, PendingEvent(7, None), answered_through=-1)
    marks.note(0, OTHER, PendingEvent(8, None), answered_through=-1)
    assert len(marks) == 3
    marks.answered(0, ONE, 7)
    assert marks.of(1, ONE) == PendingEvent(7, None)
    assert marks.of(0, OTHER) == PendingEvent(8, None)


def test_partitions_that_are_dropped_are_forgotten() -> None:
    marks = noted(7)
    marks.note(1, OTHER, PendingEvent(1, None), answered_through=-1)
    marks.drop({0, 5})
    assert marks.of(0, ONE) is None
    assert marks.of(1, OTHER) == PendingEvent(1, None)
    assert len(marks) == 1


def test_an_answer_for_an_unknown_vendor_is_nothing() -> None:
    marks = PendingEvents()
    marks.answered(0, ONE, 7)
    assert len(marks) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(min_value=0, max_value=9)), max_size=30))
def test_a_vendor_is_pending_exactly_when_its_newest_event_is_not_answered(steps: list[tuple[bool, int]]) -> None:
    marks = PendingEvents()
    newest = answered = -1
    for is_event, offset in steps:
        if is_event:
            marks.note(0, ONE, PendingEvent(offset, None), answered_through=answered)
            newest = max(newest, offset)
        else:
            marks.answered(0, ONE, offset)
            answered = max(answered, offset)
        pending = marks.of(0, ONE)
        assert (pending is not None) is (newest > answered)
        assert pending is None or pending.offset == newest


def test_an_attempt_answers_the_pending_event_up_to_its_offset_until_it_ends() -> None:
    marks, attempt = noted(7), Attempt(vendor_record(), 7)
    assert marks.answering_attempt(0, ONE) is None
    marks.begun(0, ONE, attempt)
    assert marks.answering_attempt(0, ONE) == attempt
    assert marks.answering_attempt(0, OTHER) is None
    marks.note(0, ONE, PendingEvent(8, None), answered_through=-1)
    assert marks.answering_attempt(0, ONE) is None, "the vendor is worked once more for the newer event"
    marks.begun(0, ONE, Attempt(vendor_record(), 8))
    marks.ended(0, ONE)
    assert marks.answering_attempt(0, ONE) is None


def test_attempts_of_partitions_that_are_dropped_are_forgotten() -> None:
    marks = noted(7)
    marks.begun(0, ONE, Attempt(vendor_record(), 7))
    marks.drop({0})
    marks.note(0, ONE, PendingEvent(7, None), answered_through=-1)
    assert marks.answering_attempt(0, ONE) is None
