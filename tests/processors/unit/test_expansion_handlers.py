"""The expander and the shard expander, on rows and topics in memory."""

import asyncio
from dataclasses import dataclass
from typing import cast

import pytest
from faust.types import TP

from processors.expansion.handlers import Expander, ShardExpander
from processors.known_schemas.held_records import HeldRecords
from processors.known_schemas.record_lane import RecordLane
from processors.state.pending_events import Attempt, PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks
from schemas.records.dead_letter import DeadLetter
from schemas.records.sync_run import Lane, QueuedVendor, RunPart, SyncExpansion, SyncRequested, SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import VendorSync
from schemas.topics import DEAD_LETTER, SYNC_EXPANSION, SYNC_REQUESTED, SYNC_RUN, VENDOR_RECORD, VENDOR_SYNC
from tests.support.eventually import eventually_async
from tests.support.in_memory import (
    CODEC,
    TOPIC_ID,
    Consumed,
    MemoryConsumer,
    MemoryEnds,
    MemoryIntegrations,
    MemoryProducer,
    consumed,
    crashed,
    gate_of,
    integrations_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record
from tests.support.slowness import patient

PARTITION = 1
REQUEST = SyncRequested(run_id="run", client_id="acme", requested_by="Dana", cause="sync_all", requested_at=NOW)
EXPANSION = SyncExpansion(
    run_id="run",
    client_id="acme",
    partition=PARTITION,
    lane=Lane.BULK,
    requested_by="Dana",
    cause="sync_all",
    requested_at=NOW,
)


@dataclass
class Stage:
    """The two expanders over the same edges."""

    producer: MemoryProducer
    consumer: MemoryConsumer
    rows: Rows
    pending: PendingEvents
    expander: Expander
    shard_expander: ShardExpander
    schema: asyncio.Event
    """The schema of every record that ``hold`` gets."""

    def hold(self, vendor: VendorKey) -> None:
        """A record of this vendor waits for its schema."""
        lane = RecordLane("vendor", PARTITION, vendor.to_bytes(), vendor.client_id)
        message = consumed(VENDOR_RECORD, b"newer", key=vendor.to_bytes(), partition=PARTITION)
        self.shard_expander.held.accept(message, lambda _: lane, lambda _: None)

    async def expand(self, record: Consumed) -> None:
        self.expander.accept(record)
        await self._finished(record)

    async def expand_shard(self, record: Consumed) -> None:
        self.shard_expander.accept(record)
        await self._finished(record)

    async def _finished(self, record: Consumed) -> None:
        await eventually_async(lambda: self.consumer.finished == [(record.tp, record.offset)])


@pytest.fixture
async def stage() -> Stage:
    producer, consumer, pending = MemoryProducer(), MemoryConsumer(), PendingEvents()
    in_flight, gate, publisher = PartitionTasks(on_crash=crashed), gate_of(consumer), publisher_of(producer)
    rows = rows_of(producer)
    schema = asyncio.Event()
    held = HeldRecords(
        obstacle=lambda _: None if schema.is_set() else lambda: _of(schema), seconds=patient(60), start=in_flight.start
    )
    expander = Expander(
        codec=CODEC,
        publisher=publisher,
        integrations=integrations_of(integration()),
        in_flight=in_flight,
        gate=gate,
        partitions=3,
        now=lambda: NOW,
    )
    shard_expander = ShardExpander(
        codec=CODEC,
        publisher=publisher,
        rows=rows,
        pending_events=pending,
        in_flight=in_flight,
        gate=gate,
        held=held,
        topic_id=TOPIC_ID,
        now=lambda: NOW,
    )
    return Stage(producer, consumer, rows, pending, expander, shard_expander, schema)


async def _of(event: asyncio.Event) -> None:
    await event.wait()


async def test_a_request_is_expanded_to_every_partition_with_the_newest_integrations(stage: Stage) -> None:
    await stage.expand(consumed(SYNC_REQUESTED, REQUEST, offset=4))
    assert [run.part for run in stage.producer.values(SYNC_RUN, SyncRun)] == [RunPart.EXPANDING]
    assert [shard.partition for shard in stage.producer.values(SYNC_EXPANSION, SyncExpansion)] == [0, 1, 2]
    assert cast("MemoryIntegrations", stage.expander.integrations).read_to_ends == 1


async def test_a_request_that_cannot_be_read_is_a_dead_letter_and_acknowledged(stage: Stage) -> None:
    await stage.expand(consumed(SYNC_REQUESTED, b"garbage", offset=4))
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.topic, letter.offset, letter.value) == (SYNC_REQUESTED.name, 4, b"garbage")
    assert stage.producer.values(SYNC_RUN, SyncRun) == []


async def test_a_shard_reads_its_partition_to_the_end_and_queues_what_is_not_in_progress(stage: Stage) -> None:
    for vendor_id, provider_id in (("a", "1"), ("b", "2"), ("c", "3"), ("d", None)):
        record = vendor_record(vendor_id=vendor_id, provider_id=provider_id)
        await stage.rows.put(PARTITION, record.key, VendorRow(record=record))
    stage.pending.note(PARTITION, VendorKey("acme", "b"), PendingEvent(5, "run"), answered_through=-1)
    stage.pending.note(PARTITION, VendorKey("acme", "c"), PendingEvent(6, None), answered_through=-1)
    await stage.expand_shard(consumed(SYNC_EXPANSION, EXPANSION, partition=PARTITION))
    end = MemoryEnds().offset
    records, events = TP(VENDOR_RECORD.name, PARTITION), TP(VENDOR_SYNC.name, PARTITION)
    assert stage.consumer.read == [(records, end), (records, end), (events, end)]
    assert [event.vendor_id for event in stage.producer.values(VENDOR_SYNC, VendorSync)] == ["a"]
    (report,) = stage.producer.values(SYNC_RUN, SyncRun)
    assert report.queued == (QueuedVendor(vendor_id="b", offset=5), QueuedVendor(vendor_id="a", offset=0))
    assert report.already_in_progress == (QueuedVendor(vendor_id="c", offset=6),)
    assert (report.unlinked, report.last, report.topic_id) == (("d",), True, TOPIC_ID)
    assert stage.pending.of(PARTITION, VendorKey("acme", "a")) == PendingEvent(0, "run")


async def test_an_event_that_is_answered_before_its_delivery_is_known_is_not_pending(stage: Stage) -> None:
    record = vendor_record(vendor_id="a")
    await stage.rows.put(PARTITION, record.key, VendorRow(record=record, through_offset=0, topic_id=TOPIC_ID))
    await stage.expand_shard(consumed(SYNC_EXPANSION, EXPANSION, partition=PARTITION))
    assert stage.pending.of(PARTITION, record.key) is None


async def test_an_expansion_that_cannot_be_read_is_a_dead_letter_and_acknowledged(stage: Stage) -> None:
    await stage.expand_shard(consumed(SYNC_EXPANSION, b"garbage", partition=PARTITION, offset=8))
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.topic, letter.partition, letter.offset) == (SYNC_EXPANSION.name, PARTITION, 8)


async def test_a_vendor_that_is_worked_with_its_newest_data_is_in_progress_and_one_with_older_data_is_queued(
    stage: Stage,
) -> None:
    for vendor_id, version in (("a", 1), ("b", 2)):
        record = vendor_record(vendor_id=vendor_id, version=version)
        await stage.rows.put(PARTITION, record.key, VendorRow(record=record))
        stage.pending.note(PARTITION, record.key, PendingEvent(5, "other"), answered_through=-1)
        stage.pending.begun(PARTITION, record.key, Attempt(vendor_record(vendor_id=vendor_id, version=1), 5))
    await stage.expand_shard(consumed(SYNC_EXPANSION, EXPANSION, partition=PARTITION))
    assert [event.vendor_id for event in stage.producer.values(VENDOR_SYNC, VendorSync)] == ["b"]
    (report,) = stage.producer.values(SYNC_RUN, SyncRun)
    assert report.already_in_progress == (QueuedVendor(vendor_id="a", offset=5),)


async def test_a_run_waits_for_its_clients_records_that_wait_for_their_schema(stage: Stage) -> None:
    stage.hold(VendorKey("acme", "new"))
    record = consumed(SYNC_EXPANSION, EXPANSION, partition=PARTITION)
    stage.shard_expander.accept(record)
    await eventually_async(lambda: len(stage.consumer.read) == 1)
    other = EXPANSION.model_copy(update={"client_id": "other", "run_id": "other"})
    stage.shard_expander.accept(consumed(SYNC_EXPANSION, other, partition=PARTITION, offset=1))
    await eventually_async(lambda: len(stage.consumer.finished) == 1)
    assert [run.client_id for run in stage.producer.values(SYNC_RUN, SyncRun)] == ["other"]
    stage.schema.set()
    await eventually_async(lambda: len(stage.consumer.finished) == 2)


async def test_a_request_waits_for_the_schema_of_its_clients_integration(stage: Stage) -> None:
    integrations = cast("MemoryIntegrations", stage.expander.integrations)
    integrations.hold(REQUEST.client_id)
    stage.expander.accept(consumed(SYNC_REQUESTED, REQUEST, offset=4))
    await eventually_async(lambda: integrations.read_to_ends == 1)
    assert stage.producer.sent == []
    integrations.settle(REQUEST.client_id)
    await eventually_async(lambda: stage.consumer.finished != [])
