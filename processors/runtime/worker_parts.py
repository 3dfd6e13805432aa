"""The parts that a worker is given, and the parts that its stages share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import faust

from accounting.port import AccountingSystem
from processors.app import consumer_of, create_app, create_table
from processors.clock import Clock
from processors.config import WorkerConfig
from processors.events.async_producer import AsyncProducer
from processors.events.event_publisher import EventPublisher
from processors.known_schemas.held_records import HeldRecords
from processors.known_schemas.schema_reader import SchemaReader
from processors.runtime.record_holds import records_held
from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvents
from processors.state.vendor_rows import Rows
from processors.state.vendor_table import VendorTable
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.transport.topic_ends import TopicEnds
from processors.vendor_sync.observation_cache import Observations
from processors.watchdog.calls import Calls
from processors.work_queue import WorkQueue
from schemas.records.integration import Integration, KnownIntegration
from schemas.topics import VENDOR_RECORD, VENDOR_SYNC
from schemas.wire.codec import Codec

DEFAULT_CLIENT_CAP: Final = 8


@dataclass(frozen=True, kw_only=True)
class WorkerDependencies:
    """The parts that a worker is given. ``topic_ids`` are Kafka's present ids, by topic."""

    config: WorkerConfig
    clock: Clock
    codec: Codec
    systems: Mapping[str, AccountingSystem]
    producer: AsyncProducer
    publisher: EventPublisher
    integrations: Integrations
    schemas: SchemaReader
    observations: Observations
    ends: TopicEnds
    topic_ids: Mapping[str, str]
    on_crash: Callable[[BaseException], None]

    @property
    def partitions(self) -> int:
        """The number of partitions of every topic."""
        return self.config.partitions

    @property
    def topic_id(self) -> str:
        """The present id of ``vendor-sync``."""
        return self.topic_ids[VENDOR_SYNC.name]


@dataclass(frozen=True, kw_only=True)
class SharedParts:
    """The parts that several stages of one worker share."""

    app: faust.App
    gate: PartitionGate
    table: VendorTable
    rows: Rows
    in_flight: PartitionTasks
    pending_events: PendingEvents
    queue: WorkQueue
    calls: Calls
    held: HeldRecords
    """Records that wait for their schemas."""


def shared_parts(given: WorkerDependencies) -> SharedParts:
    """Build the shared parts."""
    app = create_app(given.config, partitions=given.partitions)
    rows = Rows(
        store=lambda: table.store,
        codec=given.codec,
        producer=given.producer,
        topic_id=given.topic_id,
        partitions=given.partitions,
    )
    table = create_table(
        app,
        partitions=given.partitions,
        summarise=rows.summarise,
        read_schemas=given.schemas.read_to_end,
        record_topic=given.topic_ids[VENDOR_RECORD.name],
    )
    queue = WorkQueue(given.config.concurrency, lambda client_id: client_cap(given.integrations.get(client_id)))
    in_flight = PartitionTasks(on_crash=given.on_crash)
    return SharedParts(
        app=app,
        gate=PartitionGate(consumer=lambda: consumer_of(app), ends=given.ends),
        table=table,
        rows=rows,
        in_flight=in_flight,
        pending_events=PendingEvents(),
        queue=queue,
        calls=Calls(monotonic=given.clock.monotonic),
        held=records_held(
            codec=given.codec,
            schemas=given.schemas,
            integrations=given.integrations,
            in_flight=in_flight,
            seconds=given.config.longest_schema_wait,
        ),
    )


def client_cap(integration: KnownIntegration) -> int:
    """The number of vendors of a client that one worker may work at once."""
    return integration.max_in_flight if isinstance(integration, Integration) else DEFAULT_CLIENT_CAP
