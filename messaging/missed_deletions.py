"""When a reader of a compacted topic may have missed a deletion, and what it may then delete by itself. Pure.

Kafka removes a tombstone some time after it was written (``delete.retention.ms``). A reader that was stopped for longer never
reads it, and keeps what was deleted. It has to read the topic from its start: what is not there was deleted.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.topics import DELETE_RETENTION_MS

CLOCK_MARGIN: Final = timedelta(days=1)
"""How much the clocks of two machines may differ."""
OLDEST_POSITION: Final = timedelta(milliseconds=DELETE_RETENTION_MS) - CLOCK_MARGIN
"""The age of a position from which on deletions may have been missed."""
FEW: Final = 10
"""So many rows of a partition may always be deleted."""
SMALL_SHARE: Final = 0.05
"""Of more rows, only this share of the partition's rows."""


class Position(NamedTuple):
    """How far a partition was read, apart from the offset."""

    complete_at: datetime | None
    """A time at which everything that the partition then held was handled; None where that is unknown."""
    topic_id: str
    """Kafka's id of the topic. A topic that is deleted and created again has another one."""


class PositionDoubt(StrEnum):
    """The reason why rows of a partition may be of records that were deleted since."""

    OLD = "its position is older than the time for which Kafka keeps tombstones"
    UNKNOWN_AGE = "the age of its position is unknown"
    NO_POSITION = "there are rows and no position"
    OTHER_TOPIC = "the topic was created anew"
    OTHER_ROWS = "there are rows from before the topic was created anew"


def doubt_of(
    position: Position | None, *, topic_id: str, now: datetime, oldest: timedelta, has_rows: bool
) -> PositionDoubt | None:
    """Why the rows of a partition can't be trusted; None where they can, or where there are none.

    Args:
        position: the reader's position; None where it has none.
        topic_id: the present id of the topic.
        now: the present time.
        oldest: the age from which on a position is too old.
        has_rows: whether the reader keeps rows that come from records of the partition.
    """
    if not has_rows:
        return None
    if position is None:
        return PositionDoubt.NO_POSITION
    if position.topic_id != topic_id:
        return PositionDoubt.OTHER_TOPIC
    if position.complete_at is None or position.complete_at - now > CLOCK_MARGIN:
        return PositionDoubt.UNKNOWN_AGE
    return PositionDoubt.OLD if now - position.complete_at >= oldest else None


def may_delete(doubt: PositionDoubt, *, missing: int, rows: int) -> bool:
    """Whether the rows without a record may be deleted without asking a person.

    Args:
        doubt: why the partition was read again.
        missing: the number of rows without a record on the topic.
        rows: the number of all rows of the partition.
    """
    if missing == 0:
        return True
    return doubt not in {PositionDoubt.OTHER_TOPIC, PositionDoubt.OTHER_ROWS} and (
        missing <= FEW or missing <= SMALL_SHARE * rows
    )
