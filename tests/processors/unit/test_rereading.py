"""Vendor records that are read again from their start, on rows and topics in memory."""

import asyncio
from dataclasses import dataclass

import pytest
from faust.types import TP

from messaging.missed_deletions import OLDEST_POSITION, Position, PositionDoubt
from processors.positions.commit_metadata import to_text
from processors.positions.committed_positions import CommittedPositions
from processors.state.record_topic import HEADER
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_records.rereading import Rereading
from schemas.records.dead_letter import DeadLetter
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import DEAD_LETTER, VENDOR_RECORD, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from tests.support.eventually import eventually_async
from tests.support.in_memory import (
    TOPIC_ID,
    MemoryConsumer,
    MemoryProducer,
    consumed,
    crashed,
    gate_of,
    publisher_of,
    rereading_of,
    rows_of,
)
from tests.support.messages import NOW, vendor_record

PARTITION = 2
HERE = TP(VENDOR_RECORD.name, PARTITION)
OLD = Position(NOW - OLDEST_POSITION, TOPIC_ID)


class HeldConsumer(MemoryConsumer):
    """Has read to the end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.at_end = asyncio.Event()

    async def read_to(self, tp: TP, end: int) -> None:
        await super().read_to(tp, end)
        await self.at_end.wait()


@dataclass
class Stage:
    producer: MemoryProducer
    consumer: HeldConsumer
    rows: Rows
    in_flight: PartitionTasks
    gate: PartitionGate
    positions: CommittedPositions
    rereading: Rereading

    def keep(self, count: int) -> list[VendorKey]:
        """Rows with a record for this many vendors."""
        vendors = [VendorKey("acme", f"v{number:03}") for number in range(count)]
        for vendor in vendors:
            record = vendor_record(client_id=vendor.client_id, vendor_id=vendor.vendor_id)
            self.rows.put(PARTITION, vendor, VendorRow(record=record, settled_fingerprint="delivered"))
        return vendors

    def sees(self, vendor: VendorKey, offset: int = 0) -> bool:
        record = consumed(VENDOR_RECORD, b"?", key=vendor.to_bytes(), partition=PARTITION, offset=offset)
        return self.rereading.was_handled(record)

    def begin(self, doubt: PositionDoubt = PositionDoubt.OLD, handled_to: int = 100) -> None:
        self.rereading.begin({HERE: (doubt, handled_to)})

    async def end(self) -> None:
        """The partition is read to its end."""
        self.consumer.at_end.set()
        await eventually_async(lambda: PARTITION not in self.gate.read_again)

    def known(self) -> list[VendorKey]:
        return sorted(self.rows.known_vendors(PARTITION))

    def letters(self) -> list[DeadLetter]:
        return self.producer.values(DEAD_LETTER, DeadLetter)


@pytest.fixture
async def stage() -> Stage:
    producer, consumer, in_flight = MemoryProducer(), HeldConsumer(), PartitionTasks(on_crash=crashed)
    rows, gate, publisher = rows_of(producer), gate_of(consumer), publisher_of(producer)
    positions = CommittedPositions(
        topic_ids={VENDOR_RECORD.name: TOPIC_ID},
        now=lambda: NOW,
        judge=lambda tp, position: rereading.doubt(tp, position),  # noqa: PLW0108 -- it is made below
    )
    rereading = rereading_of(rows, publisher, in_flight, gate, positions)
    return Stage(producer, consumer, rows, in_flight, gate, positions, rereading)


async def test_only_vendor_records_with_rows_are_doubted(stage: Stage) -> None:
    assert stage.rereading.doubt(HERE, OLD) is None
    stage.keep(1)
    assert stage.rereading.doubt(HERE, OLD) is PositionDoubt.OLD
    assert stage.rereading.doubt(HERE, None) is PositionDoubt.NO_POSITION
    assert stage.rereading.doubt(TP(VENDOR_SYNC.name, PARTITION), OLD) is None
    assert stage.rereading.doubt(TP(VENDOR_RECORD.name, 1), OLD) is None


async def test_rows_from_before_the_topic_was_created_anew_are_doubted_for_that(stage: Stage) -> None:
    (vendor,) = stage.keep(1)
    shards = dict(stage.rows.shards())
    shards[PARTITION].record_topics.recovered(vendor.to_bytes(), {HEADER: b"former"})
    assert stage.rereading.doubt(HERE, None) is PositionDoubt.OTHER_ROWS
    assert stage.rereading.doubt(HERE, Position(NOW, TOPIC_ID)) is None
    assert not stage.sees(vendor)
    assert stage.rereading.doubt(HERE, None) is PositionDoubt.NO_POSITION


async def test_a_vendor_that_is_gone_from_its_topic_is_treated_as_a_tombstone_treats_it(stage: Stage) -> None:
    gone, kept = stage.keep(2)
    stage.begin()
    stage.sees(kept)
    await stage.end()
    row = stage.rows.get(PARTITION, gone)
    assert row is not None
    assert (row.record, row.settled_fingerprint) == (None, "delivered")
    assert stage.known() == [kept]
    assert stage.producer.sent[-1].topic == VENDOR_TABLE_CHANGELOG.name
    assert stage.letters() == []


async def test_the_reading_ends_at_the_end_that_the_partition_had(stage: Stage) -> None:
    stage.keep(1)
    stage.begin()
    await eventually_async(lambda: stage.consumer.read == [(HERE, 7)])
    assert len(stage.known()) == 1
    await stage.end()
    assert stage.known() == []


async def test_of_records_that_were_handled_before_only_the_key_counts(stage: Stage) -> None:
    (vendor,) = stage.keep(1)
    assert not stage.sees(vendor, offset=0)
    stage.begin(handled_to=100)
    assert stage.sees(vendor, offset=99)
    assert not stage.sees(vendor, offset=100)
    await stage.end()
    assert not stage.sees(vendor, offset=99)


async def test_a_record_with_a_key_that_names_no_vendor_is_passed(stage: Stage) -> None:
    stage.keep(1)
    stage.begin()
    record = consumed(VENDOR_RECORD, b"?", key=b"\xff", partition=PARTITION, offset=3)
    assert stage.rereading.was_handled(record)


@pytest.mark.parametrize(("doubt", "missing"), [(PositionDoubt.OLD, 11), (PositionDoubt.OTHER_TOPIC, 1)])
async def test_what_may_not_be_deleted_is_kept_and_a_person_is_asked(
    stage: Stage, caplog: pytest.LogCaptureFixture, doubt: PositionDoubt, missing: int
) -> None:
    vendors = stage.keep(20)
    stage.begin(doubt)
    for vendor in vendors[missing:]:
        stage.sees(vendor)
    await stage.end()
    assert stage.known() == vendors
    (letter,) = stage.letters()
    assert (letter.code, letter.topic, letter.partition) == ("unconfirmed_deletions", VENDOR_RECORD.name, PARTITION)
    assert f"{missing} vendors" in letter.reason
    assert "vive-sync table missing --delete" in letter.reason
    assert letter.reason in caplog.text


async def test_nobody_syncs_a_vendor_of_the_partition_before_it_has_ended(stage: Stage) -> None:
    stage.keep(1)
    stage.begin()
    waiting = asyncio.create_task(stage.gate.read_to_end(TP(VENDOR_SYNC.name, PARTITION)))
    stage.consumer.at_end.set()
    await waiting
    assert stage.known() == []


async def test_the_time_of_the_commit_is_renewed_only_after_the_end(stage: Stage) -> None:
    stage.keep(1)
    assert stage.positions.begin({HERE: to_text(OLD)}) == {HERE: PositionDoubt.OLD}
    time = stage.positions.of(HERE)
    assert time is not None
    stage.begin()
    time.look(NOW, end=7, finished_to=7)
    assert time.position == OLD
    await stage.end()
    time.look(NOW, end=7, finished_to=7)
    assert time.position == Position(NOW, TOPIC_ID)


async def test_a_reading_that_begins_again_forgets_what_it_saw(stage: Stage) -> None:
    (vendor,) = stage.keep(1)
    stage.begin()
    stage.sees(vendor)
    stage.begin()
    await stage.end()
    assert stage.known() == []


async def test_a_partition_that_goes_ends_its_reading(stage: Stage) -> None:
    stage.keep(1)
    stage.begin()
    await stage.in_flight.drain({PARTITION}, seconds=1, settling=1)
    stage.consumer.at_end.set()
    assert len(stage.known()) == 1
