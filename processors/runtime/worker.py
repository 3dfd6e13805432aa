"""Runs a worker: one process of the stream processor."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import faust
from faust.types import TP

from accounting.port import AccountingSystem
from messaging.topic_admin import TopicsError, admin_of, check_topics, topic_ids
from processors.app import consumer_of
from processors.bounded_wait import Ending, in_a_thread, unless
from processors.clock import Clock, system_clock
from processors.config import WorkerConfig
from processors.events.async_producer import AsyncProducer
from processors.events.dead_letters import unreadable
from processors.events.event_publisher import EventPublisher
from processors.known_schemas.own_schemas import publish_schemas
from processors.known_schemas.schema_reader import SchemaReader
from processors.runtime.kafka_outage import OutageLog
from processors.runtime.leaving import CLOSED_BY, Leaving
from processors.runtime.schema_parts import integrations_held
from processors.runtime.wiring import WorkerGraph, build_worker
from processors.runtime.worker_parts import WorkerDependencies
from processors.state.integration_cache import Integrations
from processors.transport.partition_tasks import PartitionTasks
from processors.transport.topic_ends import TopicEnds
from processors.vendor_sync.observation_cache import Observations
from processors.watchdog import LoopGuard
from processors.whole_topics.whole_topic import OpenTopic, WholeTopic
from schemas.topics import ALL, VENDOR_SYNC
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas

log = logging.getLogger(__name__)


class Worker:
    """Builds a worker in the running loop. ``run`` returns after a stop, or raises the error that ended the worker."""

    def __init__(
        self,
        config: WorkerConfig,
        *,
        systems: Mapping[str, AccountingSystem],
        codec: Codec,
        clock: Clock | None = None,
        outages: OutageLog | None = None,
    ) -> None:
        self._config = config
        self._systems = systems
        self._known_schemas = KnownSchemas()
        self._codec = codec.with_schemas(self._known_schemas)
        self._clock = clock or system_clock()
        self._outages = outages or OutageLog(config.bootstrap)
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ending = Ending()
        self._waits = PartitionTasks(on_crash=self._fail)
        """Integrations that wait for their schemas."""

    async def run(self, stop: asyncio.Event, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Work until ``stop`` is set, then let in-flight tasks end, commit and leave the group.

        Raises:
            TopicsError: the topics are not as declared, or Kafka does not answer.
            Exception: the error that stopped the worker; its supervisor starts another.
        """
        with LoopGuard(stall_timeout=self._config.blocked_seconds):
            looked = await unless(stop, _checked_topic_ids(self._config))
            if looked is not None:
                await self._run(stop, on_ready, looked)

    async def _run(self, stop: asyncio.Event, on_ready: Callable[[], None], topic_ids: Mapping[str, str]) -> None:
        settings = {"bootstrap.servers": self._config.bootstrap, **self._config.producer}
        producer = AsyncProducer(settings, on_fatal=self._fail)
        publisher = EventPublisher(producer=producer, codec=self._codec)
        ends = TopicEnds(self._config.bootstrap)
        open_topic = partial(
            WholeTopic,
            bootstrap=self._config.bootstrap,
            partitions=self._config.partitions,
            ends=ends,
            stall_timeout=self._config.stall_seconds,
            on_crash=self._fail,
        )
        schemas = SchemaReader(self._known_schemas, open_topic=open_topic)
        integrations = self._integrations(publisher, open_topic, schemas)
        observations = Observations(monotonic=self._clock.monotonic)
        parts = build_worker(
            WorkerDependencies(
                config=self._config,
                clock=self._clock,
                codec=self._codec,
                systems=self._systems,
                producer=producer,
                publisher=publisher,
                integrations=integrations,
                schemas=schemas,
                observations=observations,
                ends=ends,
                topic_ids=topic_ids,
                on_crash=self._fail,
            )
        )
        try:
            await unless(stop, _start(ends, schemas, publisher, integrations))
            if not stop.is_set():
                await self._run_app(parts, producer, partial(ends.end, TP(VENDOR_SYNC.name, 0)), stop, on_ready)
        finally:
            observations.close()
            await self._close(producer, integrations, schemas, ends)

    async def _close(
        self, producer: AsyncProducer, integrations: Integrations, schemas: SchemaReader, ends: TopicEnds
    ) -> None:
        await asyncio.gather(
            self._ending.step(CLOSED_BY, "Closing what reads the integrations", integrations.stop()),
            self._ending.step(CLOSED_BY, "Closing what reads the schemas", schemas.stop()),
            self._ending.step(CLOSED_BY, "Ending the waits for schemas", self._waits.drain({0}, seconds=0, settling=0)),
            self._ending.step(CLOSED_BY, "Closing what reads the topics' ends", ends.stop()),
            *(
                self._ending.step(CLOSED_BY, f"Closing the connections to {name}", system.aclose())
                for name, system in self._systems.items()
            ),
            self._ending.step(CLOSED_BY, "Sending the last records", producer.flush(CLOSED_BY)),
        )
        producer.close()

    def _integrations(self, publisher: EventPublisher, open_topic: OpenTopic, schemas: SchemaReader) -> Integrations:
        def bury(record: Any, error: Any) -> None:
            publisher.dead_letter(unreadable(record, error, now=self._clock.now()))

        return Integrations(
            partitions=self._config.partitions,
            codec=self._codec,
            open_topic=open_topic,
            on_bad_record=bury,
            held=integrations_held(self._codec, schemas, self._config, self._waits),
        )

    async def _run_app(
        self,
        parts: WorkerGraph,
        producer: AsyncProducer,
        ask_kafka: Callable[[], Awaitable[object]],
        stop: asyncio.Event,
        on_ready: Callable[[], None],
    ) -> None:
        app = parts.app
        leaving = Leaving(parts, producer, self._ending, seconds=self._config.drain_seconds)
        consumer = consumer_of(app)
        consumer.before_revocation = leaving.let_go
        consumer.after_assignment = leaving.own
        consumer.positions = parts.positions
        consumer.on_read_again = parts.rereading.begin
        starting = asyncio.create_task(app.start())
        stopping = asyncio.create_task(stop.wait())
        crashed = asyncio.create_task(app.wait_for_stopped())
        timers = [asyncio.create_task(timer()) for timer in parts.timers]
        timers.append(asyncio.create_task(self._outages.watch(ask_kafka)))
        try:
            ends: set[asyncio.Future[Any]] = {stopping, crashed, *timers, self._failure}
            await asyncio.wait({starting, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not starting.cancelled() and starting.exception() is None and not stop.is_set():
                on_ready()
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, crashed, *timers):
                task.cancel()
            starting.cancel()
            await leaving.leave()
        self._raise_failure(app, starting, *timers)

    def _raise_failure(self, app: faust.App, *tasks: "asyncio.Task[None]") -> None:
        if self._failure.done():
            self._failure.result()
        if app.crash_reason is not None:
            raise app.crash_reason
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    def _fail(self, error: BaseException) -> None:
        log.critical("The worker stops: %s: %s", type(error).__name__, error)
        if not self._failure.done():
            self._failure.set_exception(error)


async def _start(ends: TopicEnds, schemas: SchemaReader, publisher: EventPublisher, integrations: Integrations) -> None:
    """Read what records can be understood by, and publish this release's own schemas before the first record."""
    await ends.start()
    await schemas.start()
    await publish_schemas(publisher, schemas.unpublished())
    await integrations.start()


async def _checked_topic_ids(config: WorkerConfig) -> Mapping[str, str]:
    return await in_a_thread(partial(_check_topics, config))


def _check_topics(config: WorkerConfig) -> Mapping[str, str]:
    """Check the topics, and return Kafka's ids of them.

    Raises:
        TopicsError: the topics are not as declared; the text says what to do.
    """
    admin = admin_of(config.bootstrap)
    problems = check_topics(admin, partitions=config.partitions, replication=config.replication)
    if problems:
        raise TopicsError("\n".join(problems))
    return topic_ids(admin, ALL)
