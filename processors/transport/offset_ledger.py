"""The offset ledger of a partition: which offset may be committed."""

from array import array
from bisect import bisect_right
from enum import StrEnum
from typing import NamedTuple

TOLERATED_PASSED_HOLES = 1024


class Reading(StrEnum):
    """The decision on a record that the broker returned.

    ``deliver``: hand it to the stream. ``already_read``: the stream had it; leave it. ``hole``: records may be missing
    before it; leave it and the rest of its batch, and seek back to `OffsetLedger.expect`.
    """

    DELIVER = "deliver"
    ALREADY_READ = "already_read"
    HOLE = "hole"


class Standing(NamedTuple):
    """How far one partition is, as offsets: those below were read, are finished, are committed."""

    read_to: int
    finished_to: int
    committed_to: int
    unfinished: int
    """How many records that were delivered are not finished."""


class OffsetLedger:
    """Which offset of one partition may be committed, in one assignment of it.

    A committed offset is never past a record that was delivered and is not finished, nor past a record that was not
    read: offsets are missing either because compaction removed them or because the reader lost a part of its batch, and
    only reading the place again tells the two apart. So a hole is believed when the reader knows that the broker has no
    record there (``FetchedOffsets``), or when it was shown twice, with the same end.

    Records that wait to be finished cost no memory, however many; those that finished before an older one cost a set's
    place each.
    """

    __slots__ = (
        "_committed",
        "_finished",
        "_floor",
        "_hole_ends",
        "_hole_starts",
        "_missing",
        "_next",
        "_passed",
        "_shown",
    )

    def __init__(self, start: int, *, committed: int | None = None) -> None:
        """``start``: the first offset to read. ``committed``: the offset that the broker has, where that is a later one."""
        self._next = self._floor = self._committed = start
        self.committed(start if committed is None else committed)
        self._finished: set[int] = set()
        """Finished at or above the floor."""
        self._hole_starts = array("q")
        self._hole_ends = array("q")
        self._passed = 0
        """How many of the holes the floor has moved over."""
        self._missing = 0
        """Offsets that the other holes are made of."""
        self._shown: int | None = None
        """Where a hole at the next offset ended when it was seen for the first time."""

    def expect(self) -> int:
        """The offset that the stream must get next, and the place to seek back to."""
        return self._next

    def read(self, offset: int, *, hole_from: int | None = None) -> Reading:
        """Decide on a record that the broker showed. From ``hole_from`` up to it, the broker has no record; None: unknown.

        After ``hole`` the next offset passed in must come from a fetch after seeking back. Going on with the batch in
        hand delivers nothing wrong, but the hole is then never seen the same twice, so the partition stands still.
        """
        if offset < self._next:
            return Reading.ALREADY_READ
        if offset > self._next:
            explained = hole_from is not None and hole_from <= self._next
            if not explained and offset != self._shown:
                self._shown = offset
                return Reading.HOLE
            self._hole_starts.append(self._next)
            self._hole_ends.append(offset)
            self._missing += offset - self._next
        self._shown = None
        self._next = offset + 1
        self._move_floor()
        return Reading.DELIVER

    def finish(self, offset: int) -> None:
        """Mark a record as finished, in any order.

        Again, or for a record that was never delivered, changes nothing.
        """
        if self._floor <= offset < self._next and not self._is_missing(offset):
            self._finished.add(offset)
            self._move_floor()

    def committable(self) -> int | None:
        """The offset to commit, or None when the broker has it.

        The answer stays until `committed` is called, so a commit that failed is repeated by asking again.
        """
        return self._floor if self._floor > self._committed else None

    def committed(self, offset: int) -> None:
        """Note that the broker has this offset. One that is lower than a former one changes nothing."""
        self._committed = max(self._committed, offset)

    @property
    def finished_to(self) -> int:
        """The offset below which everything is finished."""
        return self._floor

    @property
    def committed_to(self) -> int:
        """The newest offset that the broker has, or the first offset to read where it has none."""
        return self._committed

    @property
    def unfinished(self) -> int:
        """How many delivered records are not finished."""
        return self._next - self._floor - self._missing - len(self._finished)

    def standing(self, *, read_to: int) -> Standing:
        """Return how far the partition is. ``read_to`` comes from the reader, which also passes compacted records."""
        return Standing(read_to, self._floor, self._committed, self.unfinished)

    def _is_missing(self, offset: int) -> bool:
        hole = bisect_right(self._hole_starts, offset, self._passed) - 1
        return hole >= self._passed and offset < self._hole_ends[hole]

    def _move_floor(self) -> None:
        floor, finished = self._floor, self._finished
        while True:
            if floor in finished:
                finished.remove(floor)
                floor += 1
            elif self._passed < len(self._hole_starts) and self._hole_starts[self._passed] == floor:
                floor = self._hole_ends[self._passed]
                self._missing -= floor - self._hole_starts[self._passed]
                self._passed += 1
            else:
                break
        self._floor = floor
        if self._passed > TOLERATED_PASSED_HOLES and self._passed * 2 > len(self._hole_starts):
            del self._hole_starts[: self._passed]
            del self._hole_ends[: self._passed]
            self._passed = 0
