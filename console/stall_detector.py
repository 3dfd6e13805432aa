"""Detects a consumer that reads nothing though Kafka is available. Other threads than the one that reads may query it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from messaging.topic_offsets import Offsets, PartitionId
from messaging.unread_partitions import Behind, behind, stuck

STALL_TIMEOUT: Final = 20.0
"""Seconds after which a consumer that delivers nothing counts as stalled."""
CHECKS_PER_TIMEOUT: Final = 4
"""How often within one timeout to compare positions with the ends of partitions."""
LONGEST_STEP: Final = 20.0
"""Seconds that one step with Kafka may take; each has a time limit of its own, and the longest is 10 s."""


class StallDetector:
    """The state of a consumer, and of the ones that replace it. Seconds are monotonic."""

    def __init__(self, *, stall_timeout: float = STALL_TIMEOUT, now: Callable[[], float] = time.monotonic) -> None:
        self._stall_timeout = stall_timeout
        self._now = now
        self._behind: Mapping[PartitionId, Behind] = {}
        self._busy = False
        self._stuck = False
        self._reading_since: float | None = None

    def stalled(self) -> bool:
        """Whether reading has stalled: the consumer delivered nothing, or a step with Kafka does not end."""
        since = self._reading_since
        return self._stuck or (since is not None and self._now() - since >= LONGEST_STEP)

    @contextmanager
    def step(self) -> Iterator[None]:
        """A step with Kafka is under way."""
        self._reading_since = self._now()
        try:
            yield
        finally:
            self._reading_since = None

    def restarted(self) -> None:
        """A new consumer began to read."""
        self._behind = {}

    def paused(self) -> None:
        """Nothing is read for a known reason: Kafka or the database is unavailable, or another process reads."""
        self._behind = {}
        self._stuck = False

    def polled(self, *, delivered: bool, more: bool) -> None:
        """The consumer delivered records, or none; ``more``: there may be more in its queue, so partitions wait for others."""
        self._stuck = self._stuck and not delivered
        self._busy = self._busy or more

    def compared(self, positions: Offsets, ends: Offsets) -> list[PartitionId]:
        """Partitions that the consumer has not read for the stall timeout, by the ends that a new client has read."""
        at = self._now()
        self._behind = {} if self._busy else behind(self._behind, positions, ends, at=at)
        self._busy = False
        found = stuck(self._behind, at=at, stall_timeout=self._stall_timeout)
        self._stuck = bool(found) or (self._stuck and bool(self._behind))
        return found
