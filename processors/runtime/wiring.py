"""The parts of a worker, put together."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

import faust
from faust.types import TP

from accounting.port import AccountingSystem
from processors.app import add_agents, consumer_of, create_app, create_table
from processors.config import WorkerConfig
from processors.events.async_producer import AsyncProducer
from processors.events.event_publisher import EventPublisher
from processors.expansion.handlers import Expander, ShardExpander
from processors.state.integration_cache import Integrations
from processors.state.late_rows import LateRows
from processors.state.pending_events import PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_ownership import Ownership
from processors.transport.partition_tasks import PartitionTasks
from processors.transport.topic_ends import TopicEnds
from processors.vendor_records.handler import VendorRecords
from processors.vendor_sync.attempt import Attempts, Clock
from processors.vendor_sync.client_pauses import Pauses
from processors.vendor_sync.coordinator import VendorSyncing
from processors.vendor_sync.observation_cache import Observations
from processors.vendor_sync.requeue import Requeue
from processors.vendor_sync.retry_scheduler import Retrier
from processors.watchdog import StallTimeouts, Watchdog
from processors.watchdog.agents import Agents
from processors.watchdog.calls import Calls, WatchedSystem
from processors.watchdog.delivery import DeliveryWatch
from processors.watchdog.worker_sampler import WorkerSampler
from processors.work_queue import WorkQueue
from schemas.topics import SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC
from schemas.wire.codec import Codec

DEFAULT_CLIENT_CAP: Final = 8


@dataclass(frozen=True, kw_only=True)
class WorkerDependencies:
    """What a worker works with. ``partitions`` is every topic's; ``topic_id`` is the id of ``vendor-sync`` as it now exists."""

    config: WorkerConfig
    clock: Clock
    codec: Codec
    systems: Mapping[str, AccountingSystem]
    producer: AsyncProducer
    publisher: EventPublisher
    integrations: Integrations
    observations: Observations
    ends: TopicEnds
    partitions: int
    topic_id: str
    on_crash: Callable[[BaseException], None]


@dataclass(frozen=True, kw_only=True)
class WorkerGraph:
    """A worker's Faust app, and the parts of it that its runner speaks to."""

    app: faust.App
    syncing: VendorSyncing
    timers: tuple[Callable[[], Coroutine[Any, Any, None]], ...]
    """What runs beside the app for as long as it does."""


def build_worker(around: WorkerDependencies) -> WorkerGraph:
    """Put the parts together; nothing runs yet."""
    clock, codec, publisher, integrations = around.clock, around.codec, around.publisher, around.integrations
    app = create_app(around.config, partitions=around.partitions)
    rows = Rows(store=lambda: table.store, codec=codec, producer=around.producer, topic_id=around.topic_id)
    table = create_table(app, partitions=around.partitions, summarise=rows.summarise)
    in_flight = PartitionTasks(on_crash=around.on_crash)
    in_progress = PendingEvents()

    def cap(client_id: str) -> int:
        integration = integrations.get(client_id)
        return DEFAULT_CLIENT_CAP if integration is None else integration.max_in_flight

    def finish(tp: TP, offset: int) -> None:
        consumer_of(app).finish(tp, offset)

    async def read_to_end(tp: TP) -> None:
        await consumer_of(app).read_to(tp, await around.ends.end(tp))

    async def ensure_group_membership() -> None:
        await consumer_of(app).ensure_group_membership()

    calls = Calls(monotonic=clock.monotonic)

    def watched(*, counts: bool) -> Mapping[str, AccountingSystem]:
        return {
            name: WatchedSystem(system=system, calls=calls, counts=counts) for name, system in around.systems.items()
        }

    queue = WorkQueue(around.config.concurrency, cap)
    integrations.on_change = queue.cap_changed
    syncing = VendorSyncing(
        queue=queue,
        rows=rows,
        codec=codec,
        publisher=publisher,
        integrations=integrations,
        attempts=Attempts(
            systems=watched(counts=True),
            observations=around.observations,
            publisher=publisher,
            ensure_group_membership=ensure_group_membership,
            in_flight=in_flight,
            worker_id=around.config.worker_id,
            clock=clock,
            retry=around.config.retry,
        ),
        ownership=Ownership(monotonic=clock.monotonic),
        in_progress=in_progress,
        in_flight=in_flight,
        finish=finish,
        topic_id=around.topic_id,
        worker_id=around.config.worker_id,
        concurrency=around.config.concurrency,
        clock=clock,
    )
    expander = Expander(
        codec=codec,
        publisher=publisher,
        integrations=integrations,
        in_flight=in_flight,
        partitions=around.partitions,
        now=clock.now,
    )
    shard_expander = ShardExpander(
        codec=codec,
        publisher=publisher,
        rows=rows,
        in_progress=in_progress,
        in_flight=in_flight,
        read_to_end=read_to_end,
        topic_id=around.topic_id,
        now=clock.now,
    )
    records = VendorRecords(
        codec=codec,
        publisher=publisher,
        rows=rows,
        integrations=integrations,
        in_flight=in_flight,
        finish=finish,
        now=clock.now,
    )
    requeue = Requeue(rows=rows, publisher=publisher, in_progress=in_progress, in_flight=in_flight, now=clock.now)

    def reading() -> bool:
        return consumer_of(app).reading

    retrier = Retrier(rows=rows, requeue=requeue, in_flight=in_flight, reading=reading, now=clock.now)
    pauses = Pauses(
        rows=rows,
        queue=queue,
        requeue=requeue,
        integrations=integrations,
        systems=watched(counts=False),
        in_flight=in_flight,
        reading=reading,
        monotonic=clock.monotonic,
        park=syncing.park,
        dispatch=syncing.dispatch,
    )
    sampler = WorkerSampler(
        app=app,
        agents=Agents(app),
        calls=calls,
        queue=queue,
        ends=around.ends,
        takes_writes=around.producer.takes_writes,
        rows=lambda: sum(shard.applied for _, shard in table.store.shards()),
        monotonic=clock.monotonic,
    )
    watchdog = Watchdog(
        sample=sampler.sample,
        explain=sampler.explain,
        monotonic=clock.monotonic,
        timeouts=StallTimeouts.of(around.config),
    )
    late_rows = LateRows(
        rows=rows,
        bootstrap=around.config.bootstrap,
        ends=around.ends.ends,
        undelivered=lambda: around.producer.waiting,
    )
    delivery = DeliveryWatch.of(around.config, around.producer, monotonic=clock.monotonic)
    add_agents(
        app,
        {
            SYNC_REQUESTED: _begin(in_flight, expander.handle, finish),
            SYNC_EXPANSION: _begin(in_flight, shard_expander.handle, finish),
            VENDOR_RECORD: records.accept,
            VENDOR_SYNC: syncing.accept,
        },
        on_crash=around.on_crash,
    )
    return WorkerGraph(
        app=app, syncing=syncing, timers=(retrier.run, pauses.run, watchdog.run, delivery.run, late_rows.run)
    )


def _begin(
    in_flight: PartitionTasks, handle: Callable[[Any], Awaitable[None]], finish: Callable[[TP, int], None]
) -> Callable[[Any], None]:
    async def work(message: Any) -> None:
        await handle(message)
        finish(message.tp, message.offset)

    def begin(message: Any) -> None:
        in_flight.start(message.tp.partition, work(message))

    return begin
