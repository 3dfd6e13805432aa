import asyncio
import random

from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import KafkaError, Message, Producer
from hypothesis import given
from hypothesis import strategies as st

from devkit.broker import Broker
from messaging.producer import PARTITIONER
from processors.events.async_producer import AsyncProducer
from schemas.records.vendor_key import VendorKey
from schemas.wire.partitioning import partition_of
from tests.support.messages import identifiers
from tests.support.slowness import patient
from tests.support.topics import QUIET, create_topic, unique

PARTITIONS = 12


def some_keys() -> list[bytes]:
    chance = random.Random(12)  # noqa: S311 -- keys, not secrets
    return [
        *(chance.randbytes(chance.randint(1, 40)) for _ in range(100)),
        *(VendorKey(f"client-{number % 7}", f"v{number}").to_bytes() for number in range(100)),
    ]


def test_librdkafka_chooses_the_same_partitions(kafka: Broker) -> None:
    topic = create_topic(kafka.bootstrap, unique("partitioning"), partitions=PARTITIONS)
    keys = some_keys()
    put: dict[bytes, int | None] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None
        put[message.key() or b""] = message.partition()

    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": PARTITIONER, **QUIET})
    for key in keys:
        producer.produce(topic, key=key, value=b"", on_delivery=delivered)
    assert producer.flush(patient(30)) == 0
    assert put == {key: partition_of(key, PARTITIONS) for key in keys}
    assert set(put.values()) == set(range(PARTITIONS))


async def test_a_workers_producer_chooses_the_same_partitions(kafka: Broker) -> None:
    topic = create_topic(kafka.bootstrap, unique("partitioning"), partitions=PARTITIONS)
    faults: list[Exception] = []
    producer = AsyncProducer({"bootstrap.servers": kafka.bootstrap, **QUIET}, on_fatal=faults.append)
    keys = some_keys()
    try:
        reports = await asyncio.gather(*(producer.send(topic, key=key, value=b"") for key in keys))
    finally:
        producer.close()
    assert [report.partition for report in reports] == [partition_of(key, PARTITIONS) for key in keys]
    assert faults == []


@given(key=st.binary(min_size=1, max_size=60), partitions=st.integers(min_value=1, max_value=1000))
def test_aiokafka_chooses_the_same_partitions(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


@given(client_id=identifiers, vendor_id=identifiers)
def test_a_vendors_partition_is_one_of_those_there_are(client_id: str, vendor_id: str) -> None:
    assert partition_of(VendorKey(client_id, vendor_id).to_bytes(), PARTITIONS) in range(PARTITIONS)
