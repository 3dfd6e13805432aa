"""Works the tasks of the queue: one attempt each, whose result is persisted before its events are acknowledged."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from faust.types import TP

from processors.clock import Clock
from processors.events.dead_letters import unreadable
from processors.events.event_publisher import EventPublisher
from processors.state.integration_cache import Integrations
from processors.state.pending_events import Attempt, PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_ownership import Ownership
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_sync.attempt import Attempts
from processors.vendor_sync.failure import park_waiting
from processors.vendor_sync.preparation import PreparedSync, prepare
from processors.vendor_sync.retry_policy import RetryInMemory
from processors.vendor_sync.settlement import NotSynced, Synced, settle, with_latest_record
from processors.work_queue import VendorSyncTask, WorkQueue
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import VendorSync
from schemas.topics import VENDOR_SYNC
from schemas.wire.codec import Codec, UndecodableError

SETTLING_FACTOR: Final = 4
"""How many keys may be between take and done, as a multiple of those whose calls are under way."""


@dataclass(kw_only=True)
class VendorSyncing:
    """Runs the work queue. ``topic_id`` is the id of the topic ``vendor-sync``."""

    queue: WorkQueue
    rows: Rows
    codec: Codec
    publisher: EventPublisher
    integrations: Integrations
    attempts: Attempts
    ownership: Ownership
    pending_events: PendingEvents
    in_flight: PartitionTasks
    gate: PartitionGate
    topic_id: str
    worker_id: str
    concurrency: int
    clock: Clock

    def __post_init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def accept(self, message: Any) -> None:
        """Queue one ``vendor-sync`` record, or acknowledge it when its vendor's row answers it already."""
        tp, offset = message.tp, message.offset
        if not self.in_flight.is_open(tp.partition):
            return  # The agent held the record when the partition was revoked: the next owner reads it.
        try:
            event = self.codec.decode_keyed(VendorSync, message.key, message.value)
        except UndecodableError as error:
            self.in_flight.start(tp.partition, self._bury(message, error))
            return
        answered = self.rows.answered_through(tp.partition, event.key)
        if offset <= answered:
            self.gate.finish(tp, offset)
            return
        self.pending_events.note(tp.partition, event.key, PendingEvent(offset, event.run_id), answered_through=answered)
        self.queue.add(
            VendorSyncTask(
                key=event.key,
                partition=tp.partition,
                offsets=(offset,),
                topic_id=self.topic_id,
                lane=event.lane,
                cause=event.cause,
                requested_by=event.requested_by,
                run_id=event.run_id,
            )
        )
        self.dispatch()

    def dispatch(self) -> None:
        """Start as many tasks as the queue allows now, and set a timer for the next delayed one."""
        while self.queue.processing < self.concurrency * SETTLING_FACTOR:
            task = self.queue.take(self.clock.monotonic())
            if task is None:
                break
            self.in_flight.start(task.partition, self._work(task))
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.queue.delayed:
            return
        due = self.queue.next_due()
        loop = asyncio.get_running_loop()
        self._timer = None if due is None else loop.call_later(max(due - self.clock.monotonic(), 0.0), self.dispatch)

    def park(self, key: VendorKey) -> None:
        """Take a waiting vendor of a paused client out of the queue, and answer its events ``parked``."""
        task = self.queue.remove(key)
        if task is not None:
            result = park_waiting(key.client_id, self.integrations.get(key.client_id))
            self.in_flight.start(task.partition, self.persist_and_ack(task, result))

    async def let_go(self, partitions: set[int], *, seconds: float, settling: float) -> None:
        """Start no more tasks in partitions that are revoked, and wait until those under way have ended.

        ``seconds`` and ``settling`` as in ``PartitionTasks.drain``.
        """
        self.queue.drop(partitions)
        await self.in_flight.drain(partitions, seconds=seconds, settling=settling)
        # A task that ends in the drain still reads these marks, and sets some.
        self.pending_events.drop(partitions)

    async def _bury(self, message: Any, error: UndecodableError) -> None:
        self.in_flight.enter(Phase.SETTLING)
        await self.publisher.dead_letter(unreadable(message, error, now=self.clock.now()))
        self.gate.finish(message.tp, message.offset)

    async def _work(self, task: VendorSyncTask) -> None:
        retry: RetryInMemory | None = None
        try:
            await self.gate.read_again.until_ended(task.partition)
            result = await self._attempt(task)
            if isinstance(result, NotSynced) and result.status is Status.PARKED:
                self.queue.pause(task.key.client_id)
            self.queue.release(task.key)
            self.dispatch()
            if isinstance(result, RetryInMemory):
                retry = result
            else:
                await self.persist_and_ack(task, result)
        finally:
            self.pending_events.ended(task.partition, task.key)
            if retry is None:
                self.queue.done(task.key)
            else:
                self.queue.retry(task.key, self.clock.monotonic() + retry.seconds)
            self.dispatch()

    async def _attempt(self, task: VendorSyncTask) -> Synced | NotSynced | RetryInMemory:
        ready = self._prepare(task)
        if isinstance(ready, NotSynced):
            # The worker that published the event may have read more of the integrations.
            await self.integrations.read_to_end()
            await self.integrations.until_settled(task.key.client_id)
            ready = self._prepare(task)
        if isinstance(ready, NotSynced):
            return ready
        bulk = task.lane is Lane.BULK and task.attempt == 1
        return await self.attempts.attempt(
            ready, task, bulk_of=task.run_id if bulk else None, owned_since=self.ownership.since(task.partition)
        )

    def _prepare(self, task: VendorSyncTask) -> PreparedSync | NotSynced:
        row = self.rows.get(task.partition, task.key)
        attempt = Attempt(None if row is None else row.record, task.through_offset)
        self.pending_events.begun(task.partition, task.key, attempt)
        return prepare(task.key, row, self.integrations.get(task.key.client_id))

    async def persist_and_ack(self, task: VendorSyncTask, result: Synced | NotSynced) -> None:
        """Publish outcome and dead letter, then write the row, then acknowledge: a crash repeats the steps that it lost."""
        await self.gate.ensure_group_membership()
        self.in_flight.enter(Phase.SETTLING)
        row = self.rows.get(task.partition, task.key)
        settlement = settle(row, task, result, worker=self.worker_id, now=self.clock.now())
        published = [self.publisher.outcome(settlement.outcome, partition=task.partition)]
        if settlement.dead_letter is not None:
            published.append(self.publisher.dead_letter(settlement.dead_letter))
        for delivery in published:
            await delivery
        await self.gate.ensure_group_membership()
        latest = self.rows.get(task.partition, task.key)
        await self.rows.put(task.partition, task.key, with_latest_record(settlement.row, latest))
        self.pending_events.answered(task.partition, task.key, task.through_offset)
        for offset in task.offsets:
            self.gate.finish(TP(VENDOR_SYNC.name, task.partition), offset)
