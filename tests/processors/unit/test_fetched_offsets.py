from faust.types import TP

from processors.transport.fetched_offsets import FetchedOffsets
from processors.transport.offset_ledger import OffsetLedger, Reading

ONE, OTHER = TP("topic", 1), TP("topic", 2)


def test_offsets_between_two_records_of_a_fetch_hold_no_record() -> None:
    fetched = FetchedOffsets()
    fetched.sought(ONE, 10)
    fetched.fetched(ONE, [12, 13, 16])
    assert [fetched.hole_before(ONE, offset) for offset in (12, 13, 16)] == [10, 13, 14]
    assert fetched.hole_before(OTHER, 16) == 16
    assert fetched.records_to(ONE) == 17


def test_so_do_those_between_two_fetches_of_a_partition() -> None:
    fetched = FetchedOffsets()
    fetched.sought(ONE, 0)
    fetched.fetched(ONE, [0])
    fetched.fetched(OTHER, [5])
    fetched.fetched(ONE, [4])
    assert fetched.hole_before(ONE, 4) == 1


def test_nothing_is_known_of_the_offsets_before_the_first_record_of_an_assignment() -> None:
    fetched = FetchedOffsets()
    fetched.sought(ONE, 0)
    fetched.forget()
    assert fetched.records_to(ONE) is None
    fetched.fetched(ONE, [7])
    assert fetched.hole_before(ONE, 7) == 7


def test_a_record_that_was_fetched_and_lost_is_a_hole_that_the_broker_does_not_explain() -> None:
    fetched, ledger = FetchedOffsets(), OffsetLedger(0)
    fetched.sought(ONE, 0)
    fetched.fetched(ONE, [0, 2, 4])
    read = [ledger.read(offset, hole_from=fetched.hole_before(ONE, offset)) for offset in (0, 4)]
    assert read == [Reading.DELIVER, Reading.HOLE]
    fetched.sought(ONE, ledger.expect())
    fetched.fetched(ONE, [2, 4])
    read = [ledger.read(offset, hole_from=fetched.hole_before(ONE, offset)) for offset in (2, 4)]
    assert read == [Reading.DELIVER, Reading.DELIVER]
    for offset in (0, 2, 4):
        ledger.finish(offset)
    assert ledger.committable() == 5
