"""The offsets of which the broker has shown that they hold no readable record."""

from collections.abc import Iterable
from typing import NamedTuple

from faust.types import TP


class Passed(NamedTuple):
    """How far a partition is read. No readable record lies between the two offsets."""

    records_to: int
    """The offset behind the last record that was returned, or the offset that was sought after it."""
    position: int
    """The offset of the next fetch. It passes control batches, aborted records and records that compaction removed."""
    open_from: int | None
    """The first offset of the oldest open transaction; None where none was open at the last fetch."""


class FetchedOffsets:
    """Follows what the fetcher of a consumer returns for each partition.

    The fetcher reads without leaving out a batch. So the offsets between two records that it returned one after another hold a
    transaction marker, a record of an aborted transaction, or a record that compaction or retention removed. Records that are
    lost after the fetcher has returned them, as Faust does at a rebalance, are not among these offsets.
    """

    def __init__(self) -> None:
        self._records_to: dict[TP, int] = {}
        self._holes: dict[TP, dict[int, int]] = {}

    def sought(self, tp: TP, offset: int) -> None:
        """The next fetch of the partition begins at this offset."""
        self._records_to[tp] = offset

    def fetched(self, tp: TP, offsets: Iterable[int]) -> None:
        """The fetcher returned the records at these offsets. Holes of the fetch before are forgotten."""
        holes: dict[int, int] = {}
        for offset in offsets:
            expected = self._records_to.get(tp, offset)
            if expected < offset:
                holes[offset] = expected
            self._records_to[tp] = offset + 1
        self._holes[tp] = holes

    def hole_before(self, tp: TP, offset: int) -> int:
        """The first offset of the hole that ends at this record; the record's own offset where no hole is known."""
        return self._holes.get(tp, {}).get(offset, offset)

    def records_to(self, tp: TP) -> int | None:
        """The offset behind the last record that was returned; None when nothing was returned or sought."""
        return self._records_to.get(tp)

    def forget(self) -> None:
        """Partitions were assigned anew: their positions are others."""
        self._records_to.clear()
        self._holes.clear()
