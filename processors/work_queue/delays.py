"""The delayed keys in the order of their times."""

import heapq

from processors.work_queue.entry import Entry

TOLERATED_STALE = 64


class Delays:
    """Keys with the time at which each is due.

    A key that leaves early stays in the heap as a stale item, recognised by its ticket. Stale items never outnumber the
    others by more than a constant, so keys that come and go cannot fill the memory even when no time passes.
    """

    __slots__ = ("_heap", "_last_ticket", "_stale")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Entry]] = []
        self._last_ticket = 0
        self._stale = 0

    def __len__(self) -> int:
        return len(self._heap) - self._stale

    def put(self, entry: Entry, at: float) -> None:
        """Add a key that is due at ``at``."""
        self._last_ticket += 1
        entry.ticket = self._last_ticket
        heapq.heappush(self._heap, (at, entry.ticket, entry))

    def forget(self, entry: Entry) -> None:
        """Remove a key."""
        entry.ticket = 0
        self._stale += 1
        if self._stale > TOLERATED_STALE and self._stale * 2 > len(self._heap):
            self._heap = [item for item in self._heap if item[2].ticket == item[1]]
            heapq.heapify(self._heap)
            self._stale = 0

    def next_due(self) -> float | None:
        """Return the earliest time at which a key is due, or None."""
        while self._heap:
            at, ticket, entry = self._heap[0]
            if entry.ticket == ticket:
                return at
            heapq.heappop(self._heap)
            self._stale -= 1
        return None

    def pop_due(self, now: float) -> Entry | None:
        """Remove and return the key that has been due longest, or None."""
        at = self.next_due()
        if at is None or at > now:
            return None
        entry = heapq.heappop(self._heap)[2]
        entry.ticket = 0
        return entry
