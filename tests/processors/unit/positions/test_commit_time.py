"""The time that a commit carries: everything that the partition then held is handled."""

from datetime import UTC, datetime, timedelta

from messaging.missed_deletions import Position
from processors.positions.commit_time import RENEWED_AFTER, CommitTime

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def time_of(*, is_doubted: bool = False) -> CommitTime:
    return CommitTime(Position(START, "t"), topic_id="t", now=START + DAY / 2, is_doubted=is_doubted)


def test_where_everything_is_finished_it_is_the_present_time() -> None:
    time = time_of()
    time.look(START + DAY, end=7, finished_to=7)
    assert time.position == Position(START + DAY, "t")


def test_a_reader_that_is_behind_keeps_the_time_until_it_has_finished_what_was_there() -> None:
    time = time_of()
    time.look(START + DAY, end=100, finished_to=7)
    time.look(START + 2 * DAY, end=200, finished_to=99)
    assert time.position.complete_at == START
    time.look(START + 3 * DAY, end=300, finished_to=100)
    assert time.position.complete_at == START + DAY


def test_a_partition_that_never_rests_moves_on_too() -> None:
    time = time_of()
    for second in range(1, 10):
        time.look(START + timedelta(seconds=second), end=100 * second, finished_to=100 * second - 50)
    assert time.position.complete_at == START + timedelta(seconds=8)


def test_a_commit_is_renewed_after_a_day_also_where_nothing_moved() -> None:
    time = time_of()
    time.look(START + RENEWED_AFTER - timedelta(seconds=1), end=7, finished_to=7)
    assert not time.is_due()
    time.look(START + RENEWED_AFTER, end=7, finished_to=7)
    assert time.is_due()
    time.stored(time.position)
    assert not time.is_due()


def test_a_partition_that_stands_still_behind_its_end_is_not_renewed() -> None:
    time = time_of()
    time.look(START + 10 * DAY, end=8, finished_to=7)
    assert not time.is_due()


def test_while_a_partition_is_read_again_commits_carry_the_old_time_so_that_a_crash_begins_again() -> None:
    time = CommitTime(Position(START, "former"), topic_id="t", now=START + 40 * DAY, is_doubted=True)
    time.look(START + 40 * DAY, end=7, finished_to=7)
    assert (time.position, time.is_due()) == (Position(START, "former"), False)
    time.concluded(START + 40 * DAY, end=9)
    time.look(START + 41 * DAY, end=9, finished_to=8)
    assert (time.position, time.is_due()) == (Position(START, "former"), False)
    time.look(START + 41 * DAY, end=9, finished_to=9)
    assert time.position.topic_id == "t"
    assert time.is_due()


def test_a_partition_that_was_read_again_is_complete_as_of_the_begin_of_the_reading() -> None:
    time = time_of(is_doubted=True)
    time.concluded(START + 40 * DAY, end=9)
    time.look(START + 41 * DAY, end=20, finished_to=9)
    assert time.position.complete_at == START + 40 * DAY
