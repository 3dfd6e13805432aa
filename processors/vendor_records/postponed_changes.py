"""Changes that were judged while their client could not be synced: they are synced when it can be."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from faust.types import TP

from processors.events.event_publisher import EventPublisher
from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvents
from processors.state.published_event import noted
from processors.state.shard import Shard
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_records.decisions import event_of_change
from schemas.records.integration import eligible
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_SYNC

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
CLIENTS_AT_ONCE: Final = 100
"""Clients whose rows are looked through before other tasks get a turn."""
EVENTS_AT_ONCE: Final = 500
"""Events that are published before their deliveries are waited for."""


def postponed(row: VendorRow | None) -> VendorRow | None:
    """The row after a change that was judged while its client could not be synced; None where it stays as it is.

    A row that was answered before is marked as skipped, so that the change is found later. One that waits for a retry, or is
    parked, is worked again anyway.
    """
    answered = row is not None and row.status is not None and row.status != Status.SKIPPED
    if row is None or not answered or row.parked or row.next_attempt_at is not None:
        return None
    return row.model_copy(update={"status": Status.SKIPPED})


@dataclass(slots=True)
class _ClientsToLookAt:
    """The clients of a partition that are still to be looked at."""

    shard: Shard
    clients: set[str]
    task: "asyncio.Task[None] | None" = None


@dataclass(frozen=True, kw_only=True)
class PostponedChanges:
    """Queues such changes, in lane live, when their client becomes eligible, and when this worker is given their partition.

    A change is queued once: the row of a vendor that was synced is no longer a postponed one, and a vendor with an event that
    waits is left out. Snapshots wait for the next run.
    """

    rows: Rows
    publisher: EventPublisher
    integrations: Integrations
    pending_events: PendingEvents
    in_flight: PartitionTasks
    gate: PartitionGate
    now: Callable[[], datetime]
    eligible: set[str] = field(default_factory=set)
    newly_eligible: set[str] = field(default_factory=set)
    """The clients that have become eligible since the last look."""
    partitions: dict[int, _ClientsToLookAt] = field(default_factory=dict)

    def integration_changed(self, client_id: str) -> None:
        """Note that another integration of this client is in force, or none."""
        if not self._can_be_synced(client_id):
            self.eligible.discard(client_id)
        elif client_id not in self.eligible:
            self.eligible.add(client_id)
            self.newly_eligible.add(client_id)

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.gate.reading:
                self.look()

    def look(self) -> None:
        """Start to queue what there is: of all clients in a new partition, of newly eligible ones in the others."""
        owned = dict(self.rows.shards())
        for lost in self.partitions.keys() - owned.keys():
            del self.partitions[lost]
        for number, shard in owned.items():
            partition = self.partitions.get(number)
            if partition is None or partition.shard is not shard:
                partition = self.partitions[number] = _ClientsToLookAt(shard, set(shard.clients))
            else:
                partition.clients |= self.newly_eligible
            if partition.clients and (partition.task is None or partition.task.done()):
                partition.task = self.in_flight.start(number, self._queue_all(number, partition))
        self.newly_eligible.clear()

    async def _queue_all(self, number: int, partition: _ClientsToLookAt) -> None:
        for count, client_id in enumerate(list(partition.clients), start=1):
            partition.clients.discard(client_id)
            try:
                if self._can_be_synced(client_id) and self.rows.unsynced_changes(number, client_id):
                    await self._queue_client(number, client_id)
                if count % CLIENTS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                partition.clients.add(client_id)  # the partition may come back with the same rows
                raise

    async def _queue_client(self, number: int, client_id: str) -> None:
        # Until the events are read it is not known which vendors have one.
        await self.gate.read_to_end(TP(VENDOR_SYNC.name, number))
        unsynced = self.rows.unsynced_changes(number, client_id)
        keys = iter([key for key in unsynced if self.pending_events.of(number, key) is None])
        queued = 0
        while some := list(islice(keys, EVENTS_AT_ONCE)):
            self.in_flight.enter(Phase.SETTLING)
            await self._publish(number, some)
            self.in_flight.enter(Phase.WAITING)
            queued += len(some)
        if queued:
            log.info("Client %s can be synced now: %d changes that came before are queued.", client_id, queued)

    async def _publish(self, number: int, keys: Iterable[VendorKey]) -> None:
        events = [(key, event_of_change(key, self.now())) for key in keys]
        deliveries = [(key, self.publisher.vendor_sync(event, partition=number)) for key, event in events]
        for key, delivery in deliveries:
            await noted(delivery, number, key, rows=self.rows, pending_events=self.pending_events)

    def _can_be_synced(self, client_id: str) -> bool:
        return eligible(client_id, self.integrations.get(client_id)) is not None
