"""Works the vendors of the queue: an attempt each, and what comes of it is made safe before it is acknowledged."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from faust.types import TP

from processors.events.dead_letters import unreadable
from processors.events.event_publisher import EventPublisher
from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_ownership import Ownership
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_sync.attempt import Attempts, Clock
from processors.vendor_sync.failure import credentials_refused, park, prepare
from processors.vendor_sync.retry_policy import RetryInMemory
from processors.vendor_sync.settlement import Asked, NotSynced, Synced, settle, with_latest_record
from processors.work_queue import Request, Work, WorkQueue
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import VendorSync
from schemas.topics import VENDOR_SYNC
from schemas.wire.codec import Codec, UndecodableError

SETTLING_FACTOR: Final = 4
"""How many keys may be between take and done, as a multiple of those whose calls are under way."""


class Wanted(NamedTuple):
    """What the queue keeps of a ``vendor-sync`` event besides its key, lane and offset."""

    cause: str
    run_id: str | None
    requested_by: str


@dataclass(kw_only=True)
class VendorSyncing:
    """The shell around the work queue. ``finish`` acknowledges a record; ``topic_id`` is that of ``vendor-sync``."""

    queue: WorkQueue
    rows: Rows
    codec: Codec
    publisher: EventPublisher
    integrations: Integrations
    attempts: Attempts
    ownership: Ownership
    in_progress: PendingEvents
    in_flight: PartitionTasks
    finish: Callable[[TP, int], None]
    topic_id: str
    worker_id: str
    concurrency: int
    clock: Clock

    def __post_init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def accept(self, message: Any) -> None:
        """Take one ``vendor-sync`` record in: into the queue, or out of the way when its vendor's row answers it already."""
        tp, offset = message.tp, message.offset
        if not self.in_flight.is_open(tp.partition):
            return  # it was in its agent's hands when the partition went: the next owner reads it
        try:
            event = self.codec.decode_keyed(VendorSync, message.key, message.value)
        except UndecodableError as error:
            self.in_flight.start(tp.partition, self._bury(message, error))
            return
        answered = self.rows.answered_through(tp.partition, event.key)
        if offset <= answered:
            self.finish(tp, offset)
            return
        self.in_progress.note(tp.partition, event.key, PendingEvent(offset, event.run_id), answered_through=answered)
        wanted = Wanted(event.cause, event.run_id, event.requested_by)
        self.queue.add(Request(key=event.key, partition=tp.partition, offset=offset, lane=event.lane, payload=wanted))
        self.dispatch()

    def dispatch(self) -> None:
        """Begin as much work as the queue allows now, and come back when it allows more."""
        while self.queue.processing < self.concurrency * SETTLING_FACTOR:
            work = self.queue.take(self.clock.monotonic())
            if work is None:
                break
            self.in_flight.start(work.partition, self._work(work))
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
        """Take a waiting vendor out of the queue: its client is paused, so it is answered ``parked``."""
        requests = self.queue.remove(key)
        if requests:
            work = Work(
                key=key,
                partition=requests[0].partition,
                requests=requests,
                lane=requests[0].lane,
                through_offset=max(request.offset for request in requests),
                attempt=1,
            )
            reason = credentials_refused(self.integrations.get(key.client_id))
            self.in_flight.start(work.partition, self.persist_and_ack(work, self._asked(work), park(reason, None)))

    async def let_go(self, partitions: set[int], *, seconds: float, settling: float) -> None:
        """These partitions are going: begin nothing more in them, and wait until nothing of theirs is under way.

        ``seconds`` and ``settling`` as in ``PartitionTasks.drain``.
        """
        self.queue.drop(partitions)
        await self.in_flight.drain(partitions, seconds=seconds, settling=settling)
        # Work that ends in the drain still looks at these marks, and sets some.
        self.in_progress.drop(partitions)

    async def _bury(self, message: Any, error: UndecodableError) -> None:
        self.in_flight.enter(Phase.SETTLING)
        await self.publisher.dead_letter(unreadable(message, error, now=self.clock.now()))
        self.finish(message.tp, message.offset)

    async def _work(self, work: Work) -> None:
        asked = self._asked(work)
        again: RetryInMemory | None = None
        try:
            result = await self._attempt(work, asked)
            if isinstance(result, NotSynced) and result.status is Status.PARKED:
                self.queue.pause(work.key.client_id, self.clock.monotonic())
            self.queue.release(work.key)
            self.dispatch()
            if isinstance(result, RetryInMemory):
                again = result
            else:
                await self.persist_and_ack(work, asked, result)
        finally:
            if again is None:
                self.queue.done(work.key)
            else:
                self.queue.retry(work.key, self.clock.monotonic() + again.seconds)
            self.dispatch()

    async def _attempt(self, work: Work, asked: Asked) -> Synced | NotSynced | RetryInMemory:
        key = work.key
        ready = prepare(key, self.rows.get(work.partition, key), self.integrations.get(key.client_id))
        if isinstance(ready, NotSynced):
            return ready
        bulk = work.lane is Lane.BULK and work.attempt == 1
        return await self.attempts.attempt(
            ready, asked, bulk_of=asked.run_id if bulk else None, owned_since=self.ownership.since(work.partition)
        )

    async def persist_and_ack(self, work: Work, asked: Asked, result: Synced | NotSynced) -> None:
        """Outcome (and dead letter), then row, then acknowledgement: whatever is lost to a crash is done again."""
        await self.attempts.ensure_group_membership()
        self.in_flight.enter(Phase.SETTLING)
        row = self.rows.get(work.partition, work.key)
        settlement = settle(row, asked, result, worker=self.worker_id, now=self.clock.now())
        said = [self.publisher.outcome(settlement.outcome, partition=work.partition)]
        if settlement.dead_letter is not None:
            said.append(self.publisher.dead_letter(settlement.dead_letter))
        for one in said:
            await one
        await self.attempts.ensure_group_membership()
        latest = self.rows.get(work.partition, work.key)
        await self.rows.put(work.partition, work.key, with_latest_record(settlement.row, latest))
        self.in_progress.answered(work.partition, work.key, work.through_offset)
        for request in work.requests:
            self.finish(TP(VENDOR_SYNC.name, work.partition), request.offset)

    def _asked(self, work: Work) -> Asked:
        first: Wanted = work.requests[0].payload
        return Asked(
            key=work.key,
            partition=work.partition,
            through_offset=work.through_offset,
            topic_id=self.topic_id,
            cause=first.cause,
            run_id=next((request.payload.run_id for request in work.requests if request.payload.run_id), None),
            requested_by=first.requested_by,
            attempt=work.attempt,
        )
