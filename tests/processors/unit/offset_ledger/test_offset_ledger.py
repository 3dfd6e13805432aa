from processors.transport.offset_ledger import OffsetLedger, Reading


def read(ledger: OffsetLedger, *offsets: int) -> list[Reading]:
    return [ledger.read(offset) for offset in offsets]


def test_nothing_is_committed_past_an_unfinished_record() -> None:
    ledger = OffsetLedger(2585)
    read(ledger, *range(2585, 2590))
    for offset in (2586, 2587, 2588, 2589):
        ledger.finish(offset)
    assert ledger.committable() is None
    assert ledger.unfinished == 1
    ledger.finish(2585)
    assert ledger.committable() == 2590


def test_nor_past_the_very_first_record_of_a_partition() -> None:
    ledger = OffsetLedger(0)
    read(ledger, 0, 1, 2, 3)
    for offset in (1, 2, 3):
        ledger.finish(offset)
    assert ledger.committable() is None


def test_a_hole_does_not_swallow_the_record_after_it() -> None:
    ledger = OffsetLedger(10)
    assert read(ledger, 10, 20, 20, 21) == [Reading.DELIVER, Reading.HOLE, Reading.DELIVER, Reading.DELIVER]
    ledger.finish(10)
    ledger.finish(21)
    assert ledger.committable() == 20
    ledger.finish(20)
    assert ledger.committable() == 22


def test_a_part_of_a_batch_that_was_lost_is_read_after_all() -> None:
    ledger = OffsetLedger(0)
    assert read(ledger, 0, 3) == [Reading.DELIVER, Reading.HOLE]
    assert ledger.expect() == 1
    assert read(ledger, 1, 2, 3) == [Reading.DELIVER] * 3


def test_a_hole_that_ends_elsewhere_the_second_time_is_not_believed() -> None:
    ledger = OffsetLedger(0)
    assert read(ledger, 5, 7, 5, 5) == [Reading.HOLE, Reading.HOLE, Reading.HOLE, Reading.DELIVER]


def test_a_hole_is_seen_for_the_first_time_at_every_place() -> None:
    ledger = OffsetLedger(0)
    assert read(ledger, 2, 0, 2, 1) == [Reading.HOLE, Reading.DELIVER, Reading.HOLE, Reading.DELIVER]


def test_records_that_are_read_again_are_left() -> None:
    ledger = OffsetLedger(0)
    assert read(ledger, 0, 1, 0, 1, 2)[2:] == [Reading.ALREADY_READ, Reading.ALREADY_READ, Reading.DELIVER]
    assert ledger.unfinished == 3


def test_records_before_the_committed_offset_are_left() -> None:
    assert read(OffsetLedger(8), 6, 7, 8) == [Reading.ALREADY_READ, Reading.ALREADY_READ, Reading.DELIVER]


def test_finishing_what_was_never_delivered_changes_nothing() -> None:
    ledger = OffsetLedger(0)
    read(ledger, 0, 5, 5)
    for offset in (-1, 3, 4, 6, 99):
        ledger.finish(offset)
    assert (ledger.committable(), ledger.unfinished) == (None, 2)
    ledger.finish(5)
    ledger.finish(5)
    assert (ledger.committable(), ledger.unfinished) == (None, 1)


def test_a_commit_that_failed_is_repeated() -> None:
    ledger = OffsetLedger(0)
    read(ledger, 0, 1)
    ledger.finish(0)
    assert [ledger.committable(), ledger.committable()] == [1, 1]
    ledger.finish(1)
    assert ledger.committable() == 2
    ledger.committed(1)
    assert ledger.committable() == 2
    ledger.committed(2)
    assert ledger.committable() is None
    ledger.committed(1)
    assert ledger.committable() is None


def test_a_million_unfinished_records_that_finish_from_the_back() -> None:
    ledger = OffsetLedger(0)
    for offset in range(1_000_000):
        ledger.read(offset)
    assert ledger.unfinished == 1_000_000
    for offset in range(999_999, 0, -1):
        ledger.finish(offset)
    assert (ledger.committable(), ledger.unfinished) == (None, 1)
    ledger.finish(0)
    assert (ledger.committable(), ledger.unfinished) == (1_000_000, 0)


def test_a_hole_before_every_record_of_a_compacted_partition() -> None:
    ledger = OffsetLedger(0)
    offsets = range(9, 100_000, 10)
    for offset in offsets:
        assert read(ledger, offset, offset) == [Reading.HOLE, Reading.DELIVER]
    for offset in offsets:
        assert ledger.unfinished == (offsets.stop - offset) // offsets.step + 1
        ledger.finish(offset - 1)
        ledger.finish(offset)
    assert ledger.committable() == offsets[-1] + 1
