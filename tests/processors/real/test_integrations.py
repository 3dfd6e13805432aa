"""The integrations are known, or the worker learns that they are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from devkit.broker import Broker
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, partition_count
from processors.stalled import StalledError
from processors.state.integration_cache import Integrations
from processors.transport.topic_ends import TopicEnds
from processors.whole_topics.whole_topic import ReadingEndedError, WholeTopic
from producers.records import load
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec
from tests.support.eventually import eventually_async
from tests.support.messages import integration
from tests.support.product_topics import ensure_topics, new_client
from tests.support.slowness import patient
from tests.support.transactions import Transactions

STALL_TIMEOUT = 2.0


@pytest.fixture(scope="module")
def bootstrap(kafka: Broker) -> str:
    """A Kafka with the product's topics."""
    return ensure_topics(kafka.bootstrap)


@asynccontextmanager
async def reading(bootstrap: str, crashes: list[BaseException]) -> AsyncIterator[Integrations]:
    ends = TopicEnds(bootstrap)
    await ends.start()
    partitions = partition_count(admin_of(bootstrap), INTEGRATION)
    integrations = Integrations(
        partitions=partitions,
        codec=Codec(),
        open_topic=partial(
            WholeTopic,
            bootstrap=bootstrap,
            partitions=partitions,
            ends=ends,
            stall_timeout=STALL_TIMEOUT,
            on_crash=crashes.append,
        ),
        on_bad_record=lambda _record, _error: None,
    )
    try:
        await integrations.start()
        yield integrations
    finally:
        if not crashes:
            await integrations.stop()
        await ends.stop()


async def say(bootstrap: str, client_id: str) -> None:
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    await asyncio.to_thread(load, [integration(client_id=client_id)], producer=producer, codec=Codec())


async def test_what_is_written_before_and_later_is_known(bootstrap: str) -> None:
    crashes: list[BaseException] = []
    before, later = new_client(), new_client()
    await say(bootstrap, before)
    async with reading(bootstrap, crashes) as integrations:
        assert integrations.get(before) is not None
        await say(bootstrap, later)
        await integrations.read_to_end()
        assert integrations.get(later) is not None
    assert crashes == []


async def test_an_integration_of_an_aborted_transaction_is_not_taken_and_an_open_one_is_not_waited_for(
    bootstrap: str,
) -> None:
    crashes: list[BaseException] = []
    client_id = new_client()
    of_client = (client_id.encode(), Codec().encode(integration(client_id=client_id), topic=INTEGRATION.name))
    transactions = await asyncio.to_thread(Transactions, bootstrap)
    async with reading(bootstrap, crashes) as integrations:
        for end in (transactions.abort, transactions.commit):
            await asyncio.to_thread(transactions.open, INTEGRATION.name, [of_client])
            async with asyncio.timeout(patient(10)):
                await integrations.read_to_end()
            assert integrations.get(client_id) is None
            await asyncio.to_thread(end)
        await eventually_async(lambda: integrations.get(client_id) is not None)
    assert crashes == []


async def test_a_consumer_that_does_not_read_on_though_kafka_answers_ends_the_worker(bootstrap: str) -> None:
    crashes: list[BaseException] = []
    async with reading(bootstrap, crashes) as integrations:
        consumer = integrations._topic._consumer  # noqa: SLF001 -- nothing outside can make it stand still
        consumer.pause(*consumer.assignment())
        await say(bootstrap, new_client())
        waiting = asyncio.create_task(integrations.read_to_end())
        await eventually_async(lambda: bool(crashes))
        with pytest.raises(ReadingEndedError):
            await waiting
        await consumer.stop()
    (error,) = crashes
    assert isinstance(error, StalledError)
    assert str(error).startswith("There are records that were not read for 2 s: vive.integration ")
