"""What a request for a sync becomes: decisions of the expander and of the shard expander."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from schemas.records.integration import Integration, ineligible_reason
from schemas.records.sync_run import CHUNK_SIZE, Lane, QueuedVendor, RunPart, SyncExpansion, SyncRequested, SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import VendorSync
from schemas.wire.partitioning import partition_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What to say of a request: the run's first part, and one message a partition; none when the run is refused."""

    run: SyncRun
    shards: tuple[SyncExpansion, ...] = ()


def expand(request: SyncRequested, integration: Integration | None, *, partitions: int, now: datetime) -> Expansion:
    """Refuse the request, or hand it to every partition. Vendors asked for by id go to their own partition, in lane ``live``."""
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
    """Vendors of one partition for one ``sync-run`` record, by what becomes of them."""

    number: int
    last: bool
    to_queue: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def chunks(expansion: SyncExpansion, vendors: Mapping[str, bool]) -> Iterator[Chunk]:
    """This partition's vendors (id: linked?) of the run, each once, at most ``CHUNK_SIZE`` a chunk; at least one chunk."""
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
    topic_id: str,
    now: datetime,
) -> SyncRun:
    """What ``sync-run`` says of this chunk."""
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
    )
