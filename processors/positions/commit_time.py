"""The time that commits of one partition carry."""

from datetime import datetime, timedelta
from typing import Final

from messaging.missed_deletions import Position

RENEWED_AFTER: Final = timedelta(days=1)
"""A commit whose time is so much older than the present one is made again, also where its offset stays the same."""


class CommitTime:
    """Follows, in one assignment of a partition, the last time at which everything that the partition held was handled.

    The time of a commit alone proves nothing: a reader that is days behind commits every second. So the end of the partition
    is noted with the time, and this time counts once everything before that end is finished.
    """

    def __init__(self, known: Position | None, *, topic_id: str, now: datetime, is_doubted: bool = False) -> None:
        """Begin with what is known.

        Args:
            known: what the newest commit carries; None where there is no commit, so that the partition is read from its start.
            topic_id: the present id of the topic.
            now: the present time.
            is_doubted: whether the partition is read again, so that its time stays until ``concluded``.
        """
        self.position = known or Position(now, topic_id)
        """What commits carry now."""
        self._topic_id = topic_id
        self._stored_at = None if is_doubted else self.position.complete_at
        self._is_doubted = is_doubted
        self._noted: tuple[datetime, int] | None = None

    def look(self, now: datetime, *, end: int, finished_to: int) -> None:
        """Take in how far the partition is.

        Args:
            now: the present time.
            end: the end of the partition as it is known now.
            finished_to: everything below this offset is finished.
        """
        if self._is_doubted:
            return
        self._settle(finished_to)
        if self._noted is None:
            self._noted = (now, end)
            self._settle(finished_to)

    def _settle(self, finished_to: int) -> None:
        if self._noted is not None and finished_to >= self._noted[1]:
            self.position = Position(self._noted[0], self._topic_id)
            self._noted = None

    def concluded(self, began: datetime, *, end: int) -> None:
        """The partition was read again up to ``end``, its end at ``began``: no deletion before that was missed."""
        self._is_doubted = False
        self._noted = (began, end)

    def stored(self, position: Position) -> None:
        """The brokers have a commit that carries this position."""
        self._stored_at = position.complete_at

    def is_due(self) -> bool:
        """Whether the offset is to be committed again so that the brokers have a newer time."""
        at = self.position.complete_at
        if at is None or self._is_doubted or self.position.topic_id != self._topic_id:
            return False
        return self._stored_at is None or at - self._stored_at >= RENEWED_AFTER
