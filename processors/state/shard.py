"""The rows of one partition of the vendor table, with an index by client."""

import heapq
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from processors.state.record_topic import RecordTopics
from schemas.records.vendor_key import VendorKey
from schemas.wire.row_epoch import FIRST, RowEpoch


class Summary(NamedTuple):
    """Facts of a row that are needed so often that they are kept beside it."""

    known: bool
    """Whether VIVE has data on the vendor, or a record that can't be used: false after a tombstone."""
    linked: bool
    """Whether a run queues the vendor. One whose newest record can't be used counts as linked: its outcome has the reason."""
    answered_through: int
    """Highest ``vendor-sync`` offset answered in the topic's present life; -1 for none."""
    next_attempt_at: float | None = None
    """Time of the next retry, in seconds since 1970."""
    parked: bool = False
    """Whether the vendor waits until its client can be synced again."""
    unsynced_change: bool = False
    """Whether the newest record leads to a sync without a run, and no attempt was made for it, or it was skipped."""
    stale_records: int = 0
    """Records of the vendor that were left out because their version was lower than that of the record kept."""


class UnreadableRow(NamedTuple):
    """A changelog record that holds no row, and the reason as a sentence."""

    value: bytes
    reason: str


Summarise = Callable[[bytes], Summary]
"""Encoded row -> its summary. Raises ValueError on a row that can't be read."""

NOTHING_APPLIED: Final = -1


class Shard:
    """The rows of one partition. ``applied`` is the highest changelog offset that they contain, -1 for none.

    The newest record of a key in the changelog may be one that came too late (``RowEpoch``). It changes no row here, and the
    owner writes its own row again: compaction would keep only the one that came too late.
    """

    def __init__(self, *, record_topic: str = "") -> None:
        """``record_topic``: the present id of ``vendor-record``."""
        self.record_topics = RecordTopics(record_topic)
        self.rows: dict[VendorKey, bytes] = {}
        self.clients: dict[str, dict[str, Summary]] = {}
        self.applied = NOTHING_APPLIED
        self.parked: dict[str, set[VendorKey]] = {}
        """Parked vendors by client."""
        self.unreadable: dict[bytes, UnreadableRow] = {}
        """The newest changelog record of a key, where that record holds no row."""
        self.epoch: RowEpoch | None = None
        """The epoch of rows that this worker writes; None until the rows are recovered."""
        self.late: set[bytes] = set()
        """Keys whose newest record in the changelog came too late."""
        self.unread: list[range] = []
        """Offsets between this worker's own rows: another worker's rows, which were not read."""
        self.placed_by: int | None = None
        """Another number of partitions than the topics have, by which rows of the changelog were placed."""
        self._newest = FIRST
        self._due: list[tuple[float, VendorKey]] = []

    def is_ahead_of(self, generation: int) -> bool:
        """Whether rows of a later generation of the group have been read, which a member of this one can't explain."""
        return generation < self._newest.generation

    def take_over(self, generation: int) -> None:
        """The rows are recovered: from now on this worker writes them, as a member of this generation of the group."""
        self.epoch = self._newest.of_next_owner(generation)

    def accepts(self, key: bytes, epoch: RowEpoch | None) -> bool:
        """Whether the next record of the changelog counts; one of a lower epoch than a record before it came too late."""
        if epoch is not None and epoch < self._newest:
            self.late.add(key)
            return False
        self.late.discard(key)
        self._newest = epoch or self._newest
        return True

    def delivered(self, epoch: RowEpoch, offset: int) -> None:
        """A row that this worker wrote in this epoch has this offset in the changelog."""
        self._newest = max(self._newest, epoch)
        self.others_wrote(until=offset)
        self.applied = max(self.applied, offset)

    def others_wrote(self, *, until: int) -> None:
        """The changelog from this worker's newest row up to this offset, which is not included, was written by others."""
        if until > self.applied + 1:
            self.unread.append(range(self.applied + 1, until))
            self.applied = until - 1

    def found(self, key: bytes, epoch: RowEpoch | None) -> None:
        """Another worker wrote this record after the rows were recovered."""
        if self.epoch is not None and (epoch is None or epoch < self.epoch):
            self.late.add(key)

    def put(self, key: VendorKey, row: bytes, summary: Summary) -> None:
        """Add a row to the rows and to the index by client."""
        self.rows[key] = row
        if summary.parked:
            self.parked.setdefault(key.client_id, set()).add(key)
        else:
            self._unpark(key)
        self.clients.setdefault(key.client_id, {})[key.vendor_id] = summary
        if summary.next_attempt_at is not None:
            heapq.heappush(self._due, (summary.next_attempt_at, key))

    def row(self, key: bytes) -> bytes | None:
        """The row of an encoded key, or None."""
        known = key_or_none(key)
        return None if known is None else self.rows.get(known)

    def forget(self, key: VendorKey) -> None:
        """Remove a row."""
        self.rows.pop(key, None)
        self._unpark(key)
        vendors = self.clients.get(key.client_id, {})
        vendors.pop(key.vendor_id, None)
        if not vendors:
            self.clients.pop(key.client_id, None)

    def _unpark(self, key: VendorKey) -> None:
        parked = self.parked.get(key.client_id)
        if parked is not None:
            parked.discard(key)
            if not parked:
                del self.parked[key.client_id]

    def take_due(self, now: float) -> Iterator[VendorKey]:
        """Yield each vendor whose retry time has come, once; ``now`` in seconds since 1970."""
        while self._due and self._due[0][0] <= now:
            at, key = heapq.heappop(self._due)
            summary = self.summary(key)
            if summary is not None and summary.next_attempt_at == at:
                yield key

    def summary(self, key: VendorKey) -> Summary | None:
        """The row's summary, or None where there is no row."""
        return self.clients.get(key.client_id, {}).get(key.vendor_id)


def key_or_none(key: bytes) -> VendorKey | None:
    """The key, or None where the bytes hold none."""
    try:
        return VendorKey.from_bytes(key)
    except ValueError:
        return None
