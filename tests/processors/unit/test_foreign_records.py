"""Records on foreign partitions, on topics in memory."""

from dataclasses import dataclass, field

import pytest

from processors.events.foreign_records import ForeignRecords
from processors.transport.partition_tasks import PartitionTasks
from schemas.forwarded_record import is_outdated_copy
from schemas.records.dead_letter import DeadLetter
from schemas.records.vendor_row import VendorRow
from schemas.topics import DEAD_LETTER, VENDOR_RECORD, VENDOR_SYNC, Topic
from schemas.wire.partitioning import partition_of
from tests.support.eventually import eventually_async
from tests.support.in_memory import Consumed, MemoryConsumer, MemoryProducer, consumed, crashed, gate_of, publisher_of
from tests.support.messages import NOW, vendor_record

PARTITIONS = 12
KEY = b"acme:v1"
OWN = partition_of(KEY, PARTITIONS)
FOREIGN = (OWN + 1) % PARTITIONS
FORWARDED = {"forwarded-from": b"7"}


@dataclass
class Stage:
    producer: MemoryProducer = field(default_factory=MemoryProducer)
    consumer: MemoryConsumer = field(default_factory=MemoryConsumer)
    accepted: list[Consumed] = field(default_factory=list)
    in_flight: PartitionTasks = field(default_factory=lambda: PartitionTasks(on_crash=crashed))

    def accept(self, record: Consumed) -> None:
        foreign = ForeignRecords(
            publisher=publisher_of(self.producer),
            in_flight=self.in_flight,
            gate=gate_of(self.consumer),
            partitions=PARTITIONS,
            now=lambda: NOW,
        )
        foreign.before(self.accepted.append)(record)

    async def finishes(self, record: Consumed) -> None:
        self.accept(record)
        await eventually_async(lambda: self.consumer.finished == [(record.tp, record.offset)])

    def letter(self) -> DeadLetter:
        (found,) = self.producer.values(DEAD_LETTER, DeadLetter)
        return found


def record(value: bytes | None, *, topic: Topic = VENDOR_RECORD, partition: int = FOREIGN) -> Consumed:
    return consumed(topic, value, key=KEY, partition=partition, offset=5, headers={"trace": b"1"})


async def test_a_record_on_the_partition_of_its_key_is_the_stages() -> None:
    stage, given = Stage(), record(b"value", partition=OWN)
    stage.accept(given)
    assert stage.accepted == [given]
    assert stage.producer.sent == []


async def test_a_record_without_a_key_is_the_stages() -> None:
    stage, given = Stage(), record(b"value")._replace(key=None)
    stage.accept(given)
    assert stage.accepted == [given]


@pytest.mark.parametrize("topic", [VENDOR_RECORD, VENDOR_SYNC])
async def test_a_record_on_a_foreign_partition_is_forwarded_as_it_is_and_a_dead_letter(topic: Topic) -> None:
    stage, given = Stage(), record(b"readable or not", topic=topic)
    await stage.finishes(given)
    assert stage.accepted == []
    (forwarded,) = [sent for sent in stage.producer.sent if sent.topic == topic.name]
    assert (forwarded.partition, forwarded.key, forwarded.value) == (OWN, KEY, b"readable or not")
    assert forwarded.headers == {"trace": b"1", "forwarded-from": str(FOREIGN)}
    letter = stage.letter()
    assert (letter.code, letter.client_id, letter.vendor_id) == ("foreign_partition", "acme", "v1")
    assert (letter.topic, letter.partition, letter.offset, letter.value) == (topic.name, FOREIGN, 5, given.value)
    assert f"is on partition {FOREIGN} of {topic.name}, but its key belongs to partition {OWN} of 12" in letter.reason
    assert "partitioner=murmur2_random" in letter.reason


async def test_a_foreign_tombstone_is_a_dead_letter_only() -> None:
    stage = Stage()
    await stage.finishes(record(None))
    assert [sent.topic for sent in stage.producer.sent] == [DEAD_LETTER.name]
    assert "A deletion is not forwarded" in stage.letter().reason


@pytest.mark.parametrize("held", [VENDOR_RECORD, DEAD_LETTER])
async def test_a_foreign_record_is_acknowledged_when_the_brokers_have_both(held: Topic) -> None:
    stage = Stage()
    stage.producer.hold(held)
    stage.accept(record(b"value"))
    await eventually_async(lambda: len(stage.producer.sent) == 2)
    await stage.in_flight.drain({FOREIGN}, seconds=0.0, settling=0.0)
    assert stage.consumer.finished == []


async def test_a_foreign_record_of_a_partition_that_is_revoked_is_left_to_its_next_owner() -> None:
    stage = Stage()
    await stage.in_flight.drain({FOREIGN}, seconds=0.0, settling=0.0)
    stage.accept(record(b"value"))
    assert stage.producer.sent == []


@pytest.mark.parametrize(
    ("row", "version", "outdated"),
    [
        (None, 1, False),
        (VendorRow(), 0, False),
        (VendorRow(record=vendor_record(version=3), last_version=3), 2, True),
        (VendorRow(record=vendor_record(version=3), last_version=3), 3, True),
        (VendorRow(record=vendor_record(version=3), last_version=3), 4, False),
        (VendorRow(record=vendor_record(version=3)), 3, True),
        (VendorRow(last_version=3), 3, True),
        (VendorRow(last_version=3), 4, False),
    ],
    ids=[
        "no row",
        "no record",
        "older",
        "same",
        "newer",
        "row of an older release",
        "deleted",
        "newer than the deleted",
    ],
)
def test_a_forwarded_record_must_be_newer_than_every_record_before(
    row: VendorRow | None, version: int, *, outdated: bool
) -> None:
    copy = vendor_record(version=version)
    assert is_outdated_copy(row, copy, FORWARDED) is outdated
    assert is_outdated_copy(row, copy, {}) is False
