"""When deletions may have been missed, and what may then be deleted without a person."""

from datetime import UTC, datetime, timedelta

import pytest

from messaging.missed_deletions import CLOCK_MARGIN, OLDEST_POSITION, Position, PositionDoubt, doubt_of, may_delete
from schemas.topics import DELETE_RETENTION_MS

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
TOPIC_ID = "topic-1"


def doubt_about(position: Position | None, *, has_rows: bool = True) -> PositionDoubt | None:
    return doubt_of(position, topic_id=TOPIC_ID, now=NOW, oldest=OLDEST_POSITION, has_rows=has_rows)


def test_a_position_is_too_old_before_kafka_removes_the_first_tombstone_behind_it() -> None:
    assert timedelta(milliseconds=DELETE_RETENTION_MS) > OLDEST_POSITION
    assert doubt_about(Position(NOW - OLDEST_POSITION, TOPIC_ID)) is PositionDoubt.OLD
    assert doubt_about(Position(NOW - OLDEST_POSITION + timedelta(seconds=1), TOPIC_ID)) is None


def test_the_clock_of_another_worker_may_be_ahead() -> None:
    assert doubt_about(Position(NOW + CLOCK_MARGIN, TOPIC_ID)) is None


def test_rows_without_a_position_may_be_of_anything() -> None:
    assert doubt_about(None) is PositionDoubt.NO_POSITION


def test_a_position_on_a_topic_of_another_id_says_nothing() -> None:
    assert doubt_about(Position(NOW, "topic-0")) is PositionDoubt.OTHER_TOPIC
    assert doubt_about(Position(NOW - OLDEST_POSITION, "topic-0")) is PositionDoubt.OTHER_TOPIC


@pytest.mark.parametrize("at", [None, NOW + timedelta(days=2)], ids=["no_time", "a_clock_that_was_wrong"])
def test_a_position_of_unknown_age_counts_as_old(at: datetime | None) -> None:
    assert doubt_about(Position(at, TOPIC_ID)) is PositionDoubt.UNKNOWN_AGE


@pytest.mark.parametrize("position", [None, Position(None, "topic-0"), Position(NOW - OLDEST_POSITION, TOPIC_ID)])
def test_without_rows_there_is_nothing_to_doubt(position: Position | None) -> None:
    assert doubt_about(position, has_rows=False) is None


@pytest.mark.parametrize(
    ("missing", "rows", "may"),
    [
        (0, 0, True),
        (10, 10, True),
        (11, 11, False),
        (11, 219, False),
        (11, 220, True),
        (50, 1000, True),
        (51, 1000, False),
    ],
)
def test_more_than_ten_and_more_than_a_twentieth_of_the_rows_need_a_person(missing: int, rows: int, may: bool) -> None:  # noqa: FBT001
    assert may_delete(PositionDoubt.OLD, missing=missing, rows=rows) is may


@pytest.mark.parametrize("doubt", [PositionDoubt.OTHER_TOPIC, PositionDoubt.OTHER_ROWS])
def test_everything_that_is_missing_on_a_topic_that_was_created_anew_needs_a_person(doubt: PositionDoubt) -> None:
    assert not may_delete(doubt, missing=1, rows=1000)
    assert may_delete(doubt, missing=0, rows=1000)
