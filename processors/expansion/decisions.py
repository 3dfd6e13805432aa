"""Expands a request for a sync: the decisions of the expander and of the shard expander."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from processors.state.pending_events import PendingEvent
from schemas.records.integration import KnownIntegration, ineligible_reason
from schemas.records.sync_run import CHUNK_SIZE, Lane, QueuedVendor, RunPart, SyncExpansion, SyncRequested, SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import VendorSync
from schemas.wire.partitioning import partition_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The records that answer a request: the run's first part, and one expansion a partition; none for a refused run."""

    run: SyncRun
    shards: tuple[SyncExpansion, ...] = ()


def expand(request: SyncRequested, integration: KnownIntegration, *, partitions: int, now: datetime) -> Expansion:
    """Refuse the request, or expand it to every partition. Vendors named by id go to their own partition, in lane ``live``."""
    run = SyncRun(
        run_id=request.run_id,
        client_id=request.client_id,
        part=RunPart.EXPANDING,
        at=now,
        requested_by=request.requested_by,
        cause=request.cause,
        partitions=partitions,
    )
    refusal = ineligible_reason(request.client_id, integration)
    if refusal is not None:
        return Expansion(run=run.model_copy(update={"part": RunPart.REFUSED, "refusal": refusal, "partitions": 0}))
    return Expansion(
        run=run,
        shards=tuple(
            SyncExpansion(
                run_id=request.run_id,
                client_id=request.client_id,
                partition=partition,
                vendor_ids=_ids_of(request, partition, partitions),
                lane=Lane.BULK if request.vendor_ids is None else Lane.LIVE,
                requested_by=request.requested_by,
                cause=request.cause,
                requested_at=request.requested_at,
            )
            for partition in range(partitions)
        ),
    )


def _ids_of(request: SyncRequested, partition: int, partitions: int) -> tuple[str, ...] | None:
    if request.vendor_ids is None:
        return None
    return tuple(
        vendor_id
        for vendor_id in dict.fromkeys(request.vendor_ids)
        if partition_of(VendorKey(request.client_id, vendor_id).to_bytes(), partitions) == partition
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Vendors of one partition for one ``sync-run`` record, by linked (to be queued), unlinked and unknown."""

    number: int
    last: bool
    to_queue: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def chunks(expansion: SyncExpansion, vendors: Mapping[str, bool]) -> Iterator[Chunk]:
    """Divide the run's vendors of this partition (id: linked?), each once, into one or more chunks of at most ``CHUNK_SIZE``."""
    ids = iter(sorted(vendors) if expansion.vendor_ids is None else expansion.vendor_ids)
    number, these = 0, tuple(islice(ids, CHUNK_SIZE))
    while True:
        following = tuple(islice(ids, CHUNK_SIZE))
        yield Chunk(
            number=number,
            last=not following,
            to_queue=tuple(vendor_id for vendor_id in these if vendors.get(vendor_id)),
            unlinked=tuple(vendor_id for vendor_id in these if vendors.get(vendor_id) is False),
            unknown=tuple(vendor_id for vendor_id in these if vendor_id not in vendors),
        )
        if not following:
            return
        number, these = number + 1, following


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkProgress:
    """The vendors of a chunk that are to be queued, by whether an event of theirs is pending."""

    to_publish: tuple[str, ...]
    """Vendors without a pending event, or whose pending event is about to be answered with older data than the newest."""
    queued: tuple[QueuedVendor, ...]
    """Vendors whose pending event is of this run: a worker that died published it."""
    already: tuple[QueuedVendor, ...]
    """Vendors whose pending event has another origin; they join the run."""


def by_progress(
    expansion: SyncExpansion,
    chunk: Chunk,
    pending_event: Callable[[VendorKey], PendingEvent | None],
    outdated: Callable[[VendorKey], bool],
) -> ChunkProgress:
    """Sort the vendors of a chunk that are to be queued by their pending events.

    ``outdated`` returns whether the attempt that answers a vendor's pending event took another record than the newest.
    """
    to_publish: list[str] = []
    queued: list[QueuedVendor] = []
    already: list[QueuedVendor] = []
    for vendor_id in chunk.to_queue:
        key = VendorKey(expansion.client_id, vendor_id)
        pending = pending_event(key)
        if pending is None:
            to_publish.append(vendor_id)
        elif pending.run_id == expansion.run_id:
            queued.append(QueuedVendor(vendor_id=vendor_id, offset=pending.offset))
        elif outdated(key):
            to_publish.append(vendor_id)
        else:
            already.append(QueuedVendor(vendor_id=vendor_id, offset=pending.offset))
    return ChunkProgress(to_publish=tuple(to_publish), queued=tuple(queued), already=tuple(already))


def event_for(expansion: SyncExpansion, vendor_id: str) -> VendorSync:
    """The event that queues this vendor in this run."""
    return VendorSync(
        client_id=expansion.client_id,
        vendor_id=vendor_id,
        lane=expansion.lane,
        cause=expansion.cause,
        run_id=expansion.run_id,
        requested_by=expansion.requested_by,
        requested_at=expansion.requested_at,
    )


def report(
    expansion: SyncExpansion,
    chunk: Chunk,
    *,
    queued: Iterable[QueuedVendor],
    already: Iterable[QueuedVendor],
    with_stale_records: Iterable[str],
    topic_id: str,
    now: datetime,
) -> SyncRun:
    """Make the ``sync-run`` record of this chunk."""
    return SyncRun(
        run_id=expansion.run_id,
        client_id=expansion.client_id,
        part=RunPart.SHARD,
        at=now,
        partition=expansion.partition,
        chunk=chunk.number,
        last=chunk.last,
        topic_id=topic_id,
        queued=tuple(queued),
        already_in_progress=tuple(already),
        unlinked=chunk.unlinked,
        unknown=chunk.unknown,
        with_stale_records=tuple(with_stale_records),
    )
