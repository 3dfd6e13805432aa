"""What commits of the assigned partitions carry."""

from datetime import UTC, datetime, timedelta

from faust.types import TP

from messaging.missed_deletions import Position, PositionDoubt
from processors.positions.commit_metadata import from_text, to_text
from processors.positions.commit_time import CommitTime
from processors.positions.committed_positions import CommittedPositions, Judge, no_doubt

VENDORS = TP("vendors", 0)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = Position(START - 40 * DAY, "t")


def positions_of(judge: Judge = no_doubt) -> CommittedPositions:
    return CommittedPositions(topic_ids={"vendors": "t"}, now=lambda: START, judge=judge)


def carried(positions: CommittedPositions) -> Position:
    return from_text(positions.metadata(VENDORS), topic_id="unknown")


def time_of(positions: CommittedPositions) -> CommitTime:
    time = positions.of(VENDORS)
    assert time is not None
    return time


def test_a_partition_that_is_read_from_its_start_misses_nothing_from_then_on() -> None:
    positions = positions_of()
    assert positions.begin({VENDORS: None}) == {}
    assert carried(positions) == Position(START, "t")
    assert not time_of(positions).is_due()
    time_of(positions).look(START + DAY, end=0, finished_to=0)
    assert time_of(positions).is_due()


def test_a_commit_without_a_time_is_renewed_once_everything_is_finished() -> None:
    positions = positions_of()
    positions.begin({VENDORS: ""})
    assert not time_of(positions).is_due()
    time_of(positions).look(START, end=7, finished_to=7)
    assert time_of(positions).is_due()
    positions.stored(VENDORS, positions.metadata(VENDORS))
    assert not time_of(positions).is_due()


def test_the_judge_names_the_partitions_that_are_read_again() -> None:
    judged: list[tuple[TP, Position | None]] = []

    def judge(tp: TP, position: Position | None) -> PositionDoubt | None:
        judged.append((tp, position))
        return PositionDoubt.OLD if tp == VENDORS else None

    positions, other = positions_of(judge), TP("vendors", 1)
    assert positions.begin({VENDORS: to_text(OLD), other: None}) == {VENDORS: PositionDoubt.OLD}
    assert judged == [(VENDORS, OLD), (other, None)]
    time_of(positions).look(START, end=7, finished_to=7)
    assert carried(positions) == OLD
    time_of(positions).concluded(START, end=7)
    time_of(positions).look(START, end=7, finished_to=7)
    assert carried(positions) == Position(START, "t")
    assert time_of(positions).is_due()


def test_rows_without_a_position_get_one_when_the_partition_is_read_and_not_before() -> None:
    positions = positions_of(lambda _tp, _position: PositionDoubt.NO_POSITION)
    positions.begin({VENDORS: None})
    time_of(positions).look(START, end=0, finished_to=0)
    assert carried(positions) == Position(None, "t")
    assert not time_of(positions).is_due()
    time_of(positions).concluded(START, end=0)
    time_of(positions).look(START, end=0, finished_to=0)
    assert time_of(positions).is_due()


def test_a_partition_that_is_not_assigned_carries_nothing() -> None:
    assert positions_of().metadata(VENDORS) == ""
