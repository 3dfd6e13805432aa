"""What other teams write in transactions: records count once they are committed, and markers cost nothing."""
# ruff: noqa: SLF001 -- Faust and aiokafka keep private what is counted here

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from devkit.broker import Broker
from messaging.topic_offsets import TopicOffsets
from processors.transport.strict_transport import StrictTransport
from processors.transport.topic_ends import TopicEnds
from tests.processors.real.test_strict_transport import Reading, app_of, running
from tests.processors.recovering import Recovering
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.topics import committed, create_topic, produce, unique
from tests.support.transactions import Transactions

ONE_RECORD_TRANSACTIONS = 200


@asynccontextmanager
async def reading_a_topic(kafka: Broker, folder: Path) -> AsyncIterator[Reading]:
    """An app that has read one record of its topic."""
    topic = create_topic(kafka.bootstrap, unique("transactions"))
    produce(kafka.bootstrap, topic, [(b"k", b"first")])
    reading = Reading(app_of(kafka, StrictTransport, folder), topic)
    async with running(reading.app):
        await reading.until(lambda: reading.offsets == [0])
        yield reading


def values(reading: Reading) -> list[bytes]:
    return [message.value for message in reading.messages]


async def test_markers_of_transactions_are_passed_without_a_seek(kafka: Broker, tmp_path: Path) -> None:
    async with reading_a_topic(kafka, tmp_path) as reading:
        consumer: Any = reading.app.consumer
        fetcher = consumer._thread._ensure_consumer()._fetcher
        seek_to, seeks = fetcher.seek_to, []

        def counted(tp: Any, offset: int) -> None:
            seeks.append(offset)
            seek_to(tp, offset)

        fetcher.seek_to = counted
        transactions = Transactions(kafka.bootstrap)

        def write() -> None:
            for number in range(ONE_RECORD_TRANSACTIONS):
                transactions.open(reading.topic, [(b"k", b"%d" % number)])
                transactions.commit()
            produce(kafka.bootstrap, reading.topic, [(b"k", b"live")])

        await asyncio.to_thread(write)
        await reading.until(lambda: values(reading)[-1] == b"live")
        assert reading.offsets == [0, *range(1, 2 * ONE_RECORD_TRANSACTIONS + 2, 2)]
        assert seeks == []
        for message in reading.messages:
            consumer.ack(message)
        await consumer.commit()
        at = await asyncio.to_thread(committed, kafka.bootstrap, reading.app.conf.id, reading.topic)
        assert at == 2 * ONE_RECORD_TRANSACTIONS + 2


async def test_records_that_are_lost_between_markers_are_sought_back_to(kafka: Broker, tmp_path: Path) -> None:
    topic = create_topic(kafka.bootstrap, unique("transactions"))
    transactions = Transactions(kafka.bootstrap)
    for number in range(20):
        transactions.open(topic, [(b"k", b"%d" % number)])
        transactions.commit()
    app = app_of(kafka, StrictTransport, tmp_path)
    reading = Reading(app, topic)

    def another_generation(message: Any) -> None:
        if message.value == b"5":
            app.consumer_generation_id += 1  # Faust drops the rest of the fetch

    reading.on_message = another_generation
    async with running(app):
        await reading.until(lambda: b"5" in values(reading))
        await asyncio.to_thread(produce, kafka.bootstrap, topic, [(b"k", b"live")])
        await reading.until(lambda: b"live" in values(reading))
    assert values(reading) == [*(b"%d" % number for number in range(20)), b"live"]


async def test_records_of_an_aborted_transaction_are_not_read(kafka: Broker, tmp_path: Path) -> None:
    async with reading_a_topic(kafka, tmp_path) as reading:
        transactions = Transactions(kafka.bootstrap)
        transactions.open(reading.topic, [(b"k", b"aborted")] * 3)
        transactions.abort()
        produce(kafka.bootstrap, reading.topic, [(b"k", b"live")])
        await reading.until(lambda: len(reading.messages) > 1)
        assert values(reading) == [b"first", b"live"]


async def test_nobody_waits_for_an_open_transaction(kafka: Broker, tmp_path: Path) -> None:
    async with reading_a_topic(kafka, tmp_path) as reading:
        tp = TP(reading.topic, 0)
        consumer: Any = reading.app.consumer
        consumer.taken(tp, 0)
        ends = TopicEnds(kafka.bootstrap)
        await ends.start()
        transactions = Transactions(kafka.bootstrap)
        transactions.open(reading.topic, [(b"k", b"in a transaction")])
        produce(kafka.bootstrap, reading.topic, [(b"k", b"behind it")])
        assert await ends.end(tp) == 1
        offsets = await asyncio.to_thread(TopicOffsets(kafka.bootstrap, seconds=patient(10)).ends, [tp])
        assert offsets == {tp: 1}
        async with asyncio.timeout(patient(10)):
            await consumer.read_to(tp, await ends.end(tp))
        assert consumer.standing()[tp].read_to == 1  # the watchdog compares it with the end
        assert values(reading) == [b"first"]
        transactions.abort()
        await reading.until(lambda: len(reading.messages) > 1)
        assert values(reading) == [b"first", b"behind it"]
        await ends.stop()


async def test_a_partition_that_ends_with_an_aborted_transaction_is_read_to_its_end(
    kafka: Broker, tmp_path: Path
) -> None:
    async with reading_a_topic(kafka, tmp_path) as reading:
        tp = TP(reading.topic, 0)
        consumer: Any = reading.app.consumer
        consumer.taken(tp, 0)
        transactions = Transactions(kafka.bootstrap)
        transactions.open(reading.topic, [(b"k", b"aborted")])
        transactions.abort()
        async with asyncio.timeout(patient(10)):
            await consumer.read_to(tp, 3)
        assert consumer.standing()[tp].read_to == 3
        assert values(reading) == [b"first"]


async def test_a_changelog_that_ends_with_an_aborted_transaction_is_recovered_without_its_rows(
    kafka: Broker, tmp_path: Path
) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        transactions = Transactions(kafka.bootstrap)
        transactions.open(recovering.changelog, [(b"c1:v3", b"row")])
        transactions.abort()
        generation = recovering.app.consumer_generation_id
        recovering.rebalance()
        assert await recovering.recovered(since=generation)
        await eventually_async(lambda: recovering.consumer.reading)
        (table,) = recovering.app.tables.values()
        assert sorted(key.vendor_id for key in table.store.shard(0).rows) == ["v1", "v2"]
        assert recovering.app.crash_reason is None


async def test_a_recovery_waits_for_an_open_transaction_in_the_changelog(
    kafka: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        transactions = Transactions(kafka.bootstrap)
        transactions.open(recovering.changelog, [(b"c1:v3", b"row")])
        produce(kafka.bootstrap, recovering.changelog, [(b"c1:v4", b"row")])
        generation = recovering.app.consumer_generation_id
        recovering.rebalance()
        await eventually_async(lambda: f"{recovering.changelog} has an open transaction at offset 2" in caplog.text)
        assert recovering.app.tables.recovery.need_recovery()
        transactions.commit()
        assert await recovering.recovered(since=generation)
        await eventually_async(lambda: recovering.consumer.reading)
        (table,) = recovering.app.tables.values()
        assert sorted(key.vendor_id for key in table.store.shard(0).rows) == ["v1", "v2", "v3", "v4"]
        assert recovering.app.crash_reason is None
