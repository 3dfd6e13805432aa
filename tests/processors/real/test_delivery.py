"""Whether our own producer is broken, or Kafka takes nothing."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from devkit.broker import Broker
from processors.events.async_producer import AsyncProducer
from processors.watchdog.delivery import DeliveryLook, broken_since
from tests.support.free_port import free_port
from tests.support.topics import create_topic, unique


def looks(count: int, **fields: Any) -> list[DeliveryLook]:
    """Looks a second apart at a producer that has lost its connections; a field may be a function of the look's number."""
    given = {"waiting": 3, "delivered": 7, "answered": False, "kafka": True} | fields
    return [
        DeliveryLook(
            at=float(number),
            **{name: value(number) if callable(value) else value for name, value in given.items()},
        )
        for number in range(count)
    ]


def since(history: list[DeliveryLook]) -> float | None:
    found: float | None = None
    for before, now in pairwise([None, *history]):
        assert now is not None
        found = broken_since(found, before, now)
    return found


def test_it_is_broken_from_the_second_look_at_the_same_records_on() -> None:
    assert since(looks(1)) is None
    assert since(looks(2)) == 1.0
    assert since(looks(21)) == 1.0


@pytest.mark.parametrize(
    "why",
    [
        {"kafka": False},
        {"answered": True},
        {"waiting": 0},
        {"delivered": lambda number: number},
        {"waiting": lambda number: number % 2},
    ],
    ids=["kafka_unavailable", "kafka_refuses_writes", "nothing_to_deliver", "it_delivers", "other_records_wait"],
)
def test_what_is_no_broken_producer(why: dict[str, Any]) -> None:
    assert since(looks(30, **why)) is None


@pytest.mark.parametrize("why", [{"kafka": False}, {"answered": True}, {"waiting": 0}, {"delivered": 6}])
def test_one_look_that_shows_otherwise_starts_anew(why: dict[str, Any]) -> None:
    history = looks(30)
    history[20:21] = looks(21, **why)[20:]
    found = since(history)
    assert found is not None
    assert found > 20.0


def fatal(error: Exception) -> None:
    raise AssertionError(error)


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
