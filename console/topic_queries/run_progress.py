"""How far a run is: a fold over ``sync-run`` and ``vendor-sync-outcome``, without clocks."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.sync_run import QueuedVendor, RunPart, SyncRun

SETTLING: Final = frozenset(Status) - {Status.WRITING}


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """Vendors of a run by what became of them. Every vendor counts once."""

    queued: int
    already_in_progress: int
    unlinked: int
    unknown: int
    by_status: dict[Status, int]
    in_progress: int

    @property
    def settled(self) -> int:
        """Vendors with an outcome."""
        return sum(self.by_status.values())

    @property
    def total(self) -> int:
        """Linked vendors of the run."""
        return self.queued + self.already_in_progress


@dataclass
class RunProgress:
    """Feed it records in any order and as often as they come; a run is done when every vendor it named is settled.

    A vendor that is named twice (a shard that is expanded again after a crash) is settled by what answers the earlier event:
    of all outcomes that reach it, the one that reaches least far.
    """

    run_id: str
    client_id: str | None = None
    refusal: str | None = None
    _partitions: int | None = None
    _offsets: dict[str, dict[str, int]] = field(default_factory=dict)
    """By vendor and topic id: the event that must be answered."""
    _queued: set[str] = field(default_factory=set)
    _already: set[str] = field(default_factory=set)
    _unlinked: set[str] = field(default_factory=set)
    _unknown: set[str] = field(default_factory=set)
    _with_stale_records: set[str] = field(default_factory=set)
    _chunks: dict[int, set[int]] = field(default_factory=dict)
    _last_chunk: dict[int, int] = field(default_factory=dict)
    _answers: dict[str, VendorSyncOutcome] = field(default_factory=dict)
    _early: dict[str, list[VendorSyncOutcome]] = field(default_factory=dict)
    """Outcomes that reach no event that is known yet."""

    def run(self, part: SyncRun) -> None:
        """Take in a part of what the run is made of; parts of other runs are ignored."""
        if part.run_id != self.run_id:
            return
        self.client_id = part.client_id
        match part.part:
            case RunPart.REFUSED:
                self.refusal = part.refusal
            case RunPart.EXPANDING:
                self._partitions = part.partitions
            case RunPart.SHARD:
                self._shard(part)

    def _shard(self, part: SyncRun) -> None:
        self._chunks.setdefault(part.partition, set()).add(part.chunk)
        if part.last:
            self._last_chunk[part.partition] = min(part.chunk, self._last_chunk.get(part.partition, part.chunk))
        self._unlinked.update(part.unlinked)
        self._unknown.update(part.unknown)
        self._with_stale_records.update(part.with_stale_records)
        self._queued.update(vendor.vendor_id for vendor in part.queued)
        self._already.update(vendor.vendor_id for vendor in part.already_in_progress)
        self._already -= self._queued
        for vendor in part.queued + part.already_in_progress:
            self._name(vendor, part.topic_id)

    def _name(self, vendor: QueuedVendor, topic_id: str) -> None:
        offsets = self._offsets.setdefault(vendor.vendor_id, {})
        offsets[topic_id] = min(vendor.offset, offsets.get(topic_id, vendor.offset))
        for outcome in self._early.pop(vendor.vendor_id, ()):
            self.outcome(outcome)

    def outcome(self, outcome: VendorSyncOutcome) -> None:
        """Take in an outcome, of whatever vendor."""
        if outcome.status not in SETTLING or self.client_id not in {None, outcome.client_id}:
            return
        vendor_id = outcome.vendor_id
        known = self._answers.get(vendor_id)
        if known is not None and _order(known) <= _order(outcome):
            return
        offset = self._offsets.get(vendor_id, {}).get(outcome.topic_id)
        if offset is not None and offset <= outcome.through_offset:
            self._answers[vendor_id] = outcome
        else:
            self._early.setdefault(vendor_id, []).append(outcome)

    @property
    def expanded(self) -> bool:
        """Whether every partition has reported all of its vendors."""
        return self._partitions is not None and all(
            partition in self._last_chunk and self._chunks[partition] >= set(range(self._last_chunk[partition] + 1))
            for partition in range(self._partitions)
        )

    @property
    def done(self) -> bool:
        """Whether the run is refused, or expanded and every vendor of it settled."""
        return self.refusal is not None or (self.expanded and len(self._answers) == len(self._offsets))

    @property
    def answers(self) -> dict[str, VendorSyncOutcome]:
        """The outcome that settled each vendor, by vendor id."""
        return dict(self._answers)

    @property
    def unlinked(self) -> tuple[str, ...]:
        """Vendors that were skipped because they have no link."""
        return tuple(sorted(self._unlinked))

    @property
    def with_stale_records(self) -> tuple[str, ...]:
        """Vendors of which records were left out because VIVE keeps a higher version."""
        return tuple(sorted(self._with_stale_records))

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Vendors that are yet to be settled."""
        return tuple(sorted(self._offsets.keys() - self._answers.keys()))

    def counts(self) -> RunCounts:
        """The counts of the run so far."""
        by_status = Counter(outcome.status for outcome in self._answers.values())
        return RunCounts(
            queued=len(self._queued),
            already_in_progress=len(self._already),
            unlinked=len(self._unlinked),
            unknown=len(self._unknown),
            by_status=dict(by_status),
            in_progress=len(self._offsets) - len(self._answers),
        )


def _order(outcome: VendorSyncOutcome) -> tuple[int, datetime, int, str]:
    """Which of two outcomes of a vendor settles it: the lower one, in whatever order they come."""
    return outcome.through_offset, outcome.at, outcome.attempt, outcome.status
