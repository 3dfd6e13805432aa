"""How far a run is: a fold over ``sync-run`` and ``vendor-sync-outcome``, without clocks."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from schemas.outcome import Status, VendorSyncOutcome
from schemas.sync_run import QueuedVendor, RunPart, SyncRun

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
    """Feed it records in any order and as often as they come; a run is done when every vendor it named is settled."""

    run_id: str
    client_id: str | None = None
    refusal: str | None = None
    _partitions: int | None = None
    _topic_id: str = ""
    _queued: dict[str, int] = field(default_factory=dict)
    _already: dict[str, int] = field(default_factory=dict)
    _unlinked: set[str] = field(default_factory=set)
    _unknown: set[str] = field(default_factory=set)
    _chunks: dict[int, set[int]] = field(default_factory=dict)
    _last_chunk: dict[int, int] = field(default_factory=dict)
    _answers: dict[str, VendorSyncOutcome] = field(default_factory=dict)
    _early: dict[str, list[VendorSyncOutcome]] = field(default_factory=dict)

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
        self._topic_id = part.topic_id
        self._chunks.setdefault(part.partition, set()).add(part.chunk)
        if part.last:
            self._last_chunk[part.partition] = part.chunk
        self._unlinked.update(part.unlinked)
        self._unknown.update(part.unknown)
        for vendor in part.queued:
            self._already.pop(vendor.vendor_id, None)
            self._name(self._queued, vendor)
        for vendor in part.already_in_progress:
            if vendor.vendor_id not in self._queued:
                self._name(self._already, vendor)

    def _name(self, named: dict[str, int], vendor: QueuedVendor) -> None:
        named[vendor.vendor_id] = min(vendor.offset, named.get(vendor.vendor_id, vendor.offset))
        for outcome in self._early.pop(vendor.vendor_id, ()):
            self._answer(vendor.vendor_id, outcome)

    def outcome(self, outcome: VendorSyncOutcome) -> None:
        """Take in an outcome, of whatever vendor; the first that reaches a vendor's offset settles it."""
        if outcome.status not in SETTLING or self.client_id not in {None, outcome.client_id}:
            return
        if outcome.vendor_id in self._queued or outcome.vendor_id in self._already:
            self._answer(outcome.vendor_id, outcome)
        else:
            self._early.setdefault(outcome.vendor_id, []).append(outcome)

    def _answer(self, vendor_id: str, outcome: VendorSyncOutcome) -> None:
        offset = self._queued.get(vendor_id, self._already.get(vendor_id, -1))
        reaches = outcome.through_offset >= offset and outcome.topic_id == self._topic_id
        if reaches and outcome.client_id == self.client_id and vendor_id not in self._answers:
            self._answers[vendor_id] = outcome

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
        return self.refusal is not None or (
            self.expanded and len(self._answers) == len(self._queued) + len(self._already)
        )

    @property
    def answers(self) -> dict[str, VendorSyncOutcome]:
        """The outcome that settled each vendor, by vendor id."""
        return dict(self._answers)

    @property
    def unlinked(self) -> tuple[str, ...]:
        """Vendors that were skipped for want of a link."""
        return tuple(sorted(self._unlinked))

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Vendors that are yet to be settled."""
        return tuple(sorted((self._queued.keys() | self._already.keys()) - self._answers.keys()))

    def counts(self) -> RunCounts:
        """Where the run stands."""
        by_status = Counter(outcome.status for outcome in self._answers.values())
        return RunCounts(
            queued=len(self._queued),
            already_in_progress=len(self._already),
            unlinked=len(self._unlinked),
            unknown=len(self._unknown),
            by_status=dict(by_status),
            in_progress=len(self._queued) + len(self._already) - len(self._answers),
        )
