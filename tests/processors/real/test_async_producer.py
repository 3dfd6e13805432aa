"""The worker's producer on a real Kafka, and where no broker listens."""

import asyncio

from devkit.broker import Broker
from processors.events.async_producer import AsyncProducer
from tests.support.free_port import free_port
from tests.support.topics import create_topic, unique


def fatal(error: Exception) -> None:
    raise AssertionError(error)


async def test_writes_are_taken_when_some_are_delivered(kafka: Broker) -> None:
    topic = create_topic(kafka.bootstrap, unique("writes"))
    producer = AsyncProducer({"bootstrap.servers": kafka.bootstrap}, on_fatal=fatal)
    assert producer.takes_writes()
    await producer.send(topic, key=b"k", value=b"v")
    assert producer.takes_writes()
    producer.close()


async def test_writes_are_not_taken_while_none_is_delivered() -> None:
    producer = AsyncProducer({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, on_fatal=fatal)
    assert producer.takes_writes()
    undelivered = producer.send("topic", key=b"k", value=b"v")
    await producer.flush(0.1)
    assert not producer.takes_writes()
    assert not undelivered.done()
    producer.close()


async def test_a_producer_is_answered_where_kafka_is_and_not_where_nobody_listens(kafka: Broker) -> None:
    topic = create_topic(kafka.bootstrap, unique("asked"))
    works = AsyncProducer({"bootstrap.servers": kafka.bootstrap}, on_fatal=fatal)
    broken = AsyncProducer({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, on_fatal=fatal)
    await works.send(topic, key=b"k", value=b"v")
    assert (works.waiting, works.delivered) == (0, 1)
    broken.send(topic, key=b"k", value=b"v")
    assert (broken.waiting, broken.delivered) == (1, 0)
    assert (await works.is_answered(), await broken.is_answered()) == (True, False)
    works.close()
    broken.close()


async def test_a_producer_may_be_closed_while_it_is_asked() -> None:
    producer = AsyncProducer({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, on_fatal=fatal)
    asked = asyncio.create_task(producer.is_answered())
    await asyncio.sleep(0)
    producer.close()
    assert not await asked
    assert not await producer.is_answered()
