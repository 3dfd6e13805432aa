"""From a request to one event for each vendor: the expander and the shard expander."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from faust.types import TP

from processors.events.dead_letters import unreadable
from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.expansion.decisions import Chunk, by_progress, chunks, event_for, expand, report
from processors.known_schemas.held_records import HeldRecords
from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvents
from processors.state.published_event import noted
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from schemas.records.sync_run import QueuedVendor, SyncExpansion, SyncRequested
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_RECORD, VENDOR_SYNC
from schemas.wire.codec import Codec, UndecodableError


@dataclass(frozen=True, kw_only=True)
class Expander:
    """Checks a request and publishes one expansion for each partition."""

    codec: Codec
    publisher: EventPublisher
    integrations: Integrations
    in_flight: PartitionTasks
    gate: PartitionGate
    partitions: int
    now: Callable[[], datetime]

    def accept(self, message: Any) -> None:
        """Start to handle one ``sync-requested`` record; it is acknowledged when the brokers have all its expansions."""
        self.in_flight.start(message.tp.partition, self._handle_and_finish(message))

    async def _handle_and_finish(self, message: Any) -> None:
        await self._handle(message)
        self.gate.finish(message.tp, message.offset)

    async def _handle(self, message: Any) -> None:
        try:
            request = self.codec.decode(SyncRequested, message.value)
        except UndecodableError as error:
            self.in_flight.enter(Phase.SETTLING)
            await self.publisher.dead_letter(unreadable(message, error, now=self.now()))
            return
        await self.integrations.read_to_end()
        await self.integrations.until_settled(request.client_id)
        integration = self.integrations.get(request.client_id)
        expansion = expand(request, integration, partitions=self.partitions, now=self.now())
        self.in_flight.enter(Phase.SETTLING)
        await self.publisher.sync_run(expansion.run)
        await asyncio.gather(*(self.publisher.sync_expansion(shard) for shard in expansion.shards))


@dataclass(frozen=True, kw_only=True)
class ShardExpander:
    """Queues a client's linked vendors of one partition."""

    codec: Codec
    publisher: EventPublisher
    rows: Rows
    pending_events: PendingEvents
    in_flight: PartitionTasks
    gate: PartitionGate
    held: HeldRecords
    topic_id: str
    now: Callable[[], datetime]
    turns: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One run at a time in a partition, or two would queue the same vendor."""

    def accept(self, message: Any) -> None:
        """Start to handle one ``sync-expansion`` record; it is acknowledged when the brokers have its events and reports."""
        self.in_flight.start(message.tp.partition, self._handle_and_finish(message))

    async def _handle_and_finish(self, message: Any) -> None:
        await self._handle(message)
        self.gate.finish(message.tp, message.offset)

    async def _handle(self, message: Any) -> None:
        """Read the partition to its end first, then queue its vendors.

        The vendor records are read so that the run syncs the latest data, and the ``vendor-sync`` events so that no vendor is
        queued that waits already, unless it is being worked with older data. The client's records that wait for their schema
        are waited for; meanwhile runs of other clients have their turns.
        """
        try:
            expansion = self.codec.decode(SyncExpansion, message.value)
        except UndecodableError as error:
            self.in_flight.enter(Phase.SETTLING)
            await self.publisher.dead_letter(unreadable(message, error, now=self.now()))
            return
        partition = message.tp.partition
        await self.gate.read_to_end(TP(VENDOR_RECORD.name, partition))
        await self.held.passed_on(lambda lane: (lane.partition, lane.client_id) == (partition, expansion.client_id))
        async with self.turns[partition]:
            await self.gate.read_to_end(TP(VENDOR_RECORD.name, partition))
            await self.gate.read_to_end(TP(VENDOR_SYNC.name, partition))
            reports = []
            for chunk in chunks(expansion, self.rows.vendors_of(partition, expansion.client_id)):
                await self._may_be_cut()
                reports.append(await self._queue(partition, expansion, chunk))
        await asyncio.gather(*reports)

    async def _may_be_cut(self) -> None:
        """Let a drain cancel the expansion here: the next owner repeats it, and counts what is queued by then as queued."""
        self.in_flight.enter(Phase.WAITING)
        await asyncio.sleep(0)
        self.in_flight.enter(Phase.SETTLING)

    async def _queue(self, partition: int, expansion: SyncExpansion, chunk: Chunk) -> DeliveryFuture:
        pending_event, outdated = partial(self.pending_events.of, partition), partial(self._is_outdated, partition)
        progress = by_progress(expansion, chunk, pending_event, outdated)
        deliveries = [
            (vendor_id, self.publisher.vendor_sync(event_for(expansion, vendor_id), partition=partition))
            for vendor_id in progress.to_publish
        ]
        published = []
        for vendor_id, delivery in deliveries:
            key, run_id = VendorKey(expansion.client_id, vendor_id), expansion.run_id
            offset = await noted(
                delivery, partition, key, rows=self.rows, pending_events=self.pending_events, run_id=run_id
            )
            published.append(QueuedVendor(vendor_id=vendor_id, offset=offset))
        queued = (*progress.queued, *published)
        known = (*chunk.to_queue, *chunk.unlinked)
        stale = self.rows.with_stale_records(partition, expansion.client_id, known)
        return self.publisher.sync_run(
            report(
                expansion,
                chunk,
                queued=queued,
                already=progress.already,
                with_stale_records=stale,
                topic_id=self.topic_id,
                now=self.now(),
            )
        )

    def _is_outdated(self, partition: int, key: VendorKey) -> bool:
        attempt = self.pending_events.answering_attempt(partition, key)
        if attempt is None:
            return False
        row = self.rows.get(partition, key)
        return attempt.record != (None if row is None else row.record)
