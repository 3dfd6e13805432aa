"""The positions that a consumer has committed, and those that it commits."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from faust.types import TP

from messaging.missed_deletions import Position, PositionDoubt
from processors.positions.commit_metadata import from_text, to_text
from processors.positions.commit_time import CommitTime

Judge = Callable[[TP, Position | None], PositionDoubt | None]
"""Why deletions may have been missed in a partition with this position (None: no offset is committed)."""


def no_doubt(_tp: TP, _position: Position | None) -> None:
    """A judge that trusts every position."""


class CommittedPositions:
    """What the commits of the assigned partitions carry. ``topic_ids`` are Kafka's present ids, by topic."""

    def __init__(
        self,
        *,
        topic_ids: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        judge: Judge = no_doubt,
    ) -> None:
        self.now = now
        self._topic_ids = topic_ids or {}
        self._judge = judge
        self._times: dict[TP, CommitTime] = {}

    def begin(self, committed: Mapping[TP, str | None]) -> dict[TP, PositionDoubt]:
        """Begin with partitions that were assigned.

        Args:
            committed: the metadata of each partition's committed offset; None where no offset is committed.

        Returns:
            The partitions that are to be read again from their start, and why.
        """
        doubts: dict[TP, PositionDoubt] = {}
        self._times = {}
        for tp, text in committed.items():
            topic_id = self._topic_ids.get(tp.topic, "")
            known = None if text is None else from_text(text, topic_id=topic_id)
            doubt = self._judge(tp, known)
            if doubt is not None:
                doubts[tp] = doubt
                known = known or Position(None, topic_id)
            self._times[tp] = CommitTime(known, topic_id=topic_id, now=self.now(), is_doubted=doubt is not None)
        return doubts

    def of(self, tp: TP) -> CommitTime | None:
        """The time that commits of this partition carry; None where the partition is not assigned."""
        return self._times.get(tp)

    def metadata(self, tp: TP) -> str:
        """The metadata of a commit that is made now."""
        time = self.of(tp)
        return "" if time is None else to_text(time.position)

    def stored(self, tp: TP, metadata: str) -> None:
        """The brokers have a commit with this metadata."""
        if metadata and (time := self.of(tp)) is not None:
            time.stored(from_text(metadata, topic_id=""))
