"""The handler of vendor records, on rows and topics in memory."""

from dataclasses import dataclass

import pytest

from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_records.handler import VendorRecords
from schemas.records.dead_letter import DeadLetter
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import DEAD_LETTER, VENDOR_RECORD, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from tests.support.eventually import eventually_async
from tests.support.in_memory import (
    CODEC,
    Consumed,
    MemoryConsumer,
    MemoryProducer,
    consumed,
    crashed,
    gate_of,
    integrations_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record

KEY = VendorKey("acme", "v1")
PARTITION = 2


@dataclass
class Stage:
    producer: MemoryProducer
    consumer: MemoryConsumer
    rows: Rows
    in_flight: PartitionTasks
    records: VendorRecords

    async def accept(self, record: Consumed) -> None:
        finished = len(self.consumer.finished)
        self.records.accept(record)
        await eventually_async(lambda: len(self.consumer.finished) > finished)


@pytest.fixture
async def stage() -> Stage:
    producer, consumer, in_flight = MemoryProducer(), MemoryConsumer(), PartitionTasks(on_crash=crashed)
    rows = rows_of(producer)
    records = VendorRecords(
        codec=CODEC,
        publisher=publisher_of(producer),
        rows=rows,
        integrations=integrations_of(integration()),
        in_flight=in_flight,
        gate=gate_of(consumer),
        now=lambda: NOW,
    )
    return Stage(producer, consumer, rows, in_flight, records)


def record_of(version: int, *, offset: int = 0, key: bytes = KEY.to_bytes()) -> Consumed:
    return consumed(VENDOR_RECORD, vendor_record(version=version), key=key, partition=PARTITION, offset=offset)


async def test_a_change_is_kept_before_its_event_is_published_and_then_acknowledged(stage: Stage) -> None:
    await stage.accept(record_of(1, offset=3))
    assert [sent.topic for sent in stage.producer.sent] == [VENDOR_TABLE_CHANGELOG.name, VENDOR_SYNC.name]
    (event,) = stage.producer.values(VENDOR_SYNC, VendorSync)
    assert (event.key, event.lane, event.cause) == (KEY, Lane.LIVE, Cause.VENDOR_CHANGED)
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record == vendor_record(version=1)
    assert [offset for _tp, offset in stage.consumer.finished] == [3]


async def test_a_stale_record_is_acknowledged_and_nothing_is_written(stage: Stage) -> None:
    await stage.accept(record_of(2))
    written = len(stage.producer.sent)
    await stage.accept(record_of(1, offset=1))
    assert len(stage.producer.sent) == written


async def test_a_tombstone_forgets_the_record(stage: Stage) -> None:
    await stage.accept(record_of(1))
    await stage.accept(consumed(VENDOR_RECORD, None, key=KEY.to_bytes(), partition=PARTITION, offset=1))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record is None


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (consumed(VENDOR_RECORD, b"garbage", key=KEY.to_bytes(), partition=PARTITION), "undecodable"),
        (record_of(1, key=b"acme:v2"), "invalid"),
        (record_of(1, key=b"acme"), "undecodable"),
    ],
    ids=["value", "another key", "no key"],
)
async def test_a_record_that_cannot_be_read_is_a_dead_letter(stage: Stage, record: Consumed, code: str) -> None:
    await stage.accept(record)
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.code, letter.key, letter.value) == (code, record.key, record.value)
    assert len(stage.producer.sent) == 1


async def test_a_record_of_a_revoked_partition_is_left_to_the_next_owner(stage: Stage) -> None:
    await stage.in_flight.drain({PARTITION}, seconds=0.0, settling=0.0)
    stage.records.accept(record_of(1))
    assert (stage.producer.sent, stage.consumer.finished) == ([], [])
