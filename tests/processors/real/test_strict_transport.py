"""Each guarantee of the strict transport, shown on ours and missed by the stock driver, on a real Kafka."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import faust
import pytest
from faust.tables.manager import TableManager
from faust.transport.drivers.aiokafka import Transport as StockTransport

from devkit.broker import Broker
from processors.state.shard import Summary
from processors.state.vendor_table import VendorTable
from processors.transport.strict_recovery import StrictTableManager
from processors.transport.strict_transport import StrictTransport
from tests.support.eventually import eventually, eventually_async, within
from tests.support.topics import committed, create_topic, produce, unique

TransportClass = type[StockTransport]


class Reading:
    """An app that reads one topic and keeps every message without acknowledging it."""

    def __init__(self, app: faust.App, topic: str) -> None:
        self.app = app
        self.topic = topic
        self.messages: list[Any] = []
        self.on_message: Callable[[Any], None] = lambda _message: None
        source = app.topic(topic, key_serializer="raw", value_serializer="raw", allow_empty=True)
        app.agent(source, name=topic)(self._read)

    async def _read(self, stream: Any) -> None:
        async for event in stream.noack().events():
            self.messages.append(event.message)
            self.on_message(event.message)

    @property
    def offsets(self) -> list[int]:
        return [message.offset for message in self.messages]

    async def until(self, holds: Callable[[], bool]) -> None:
        await eventually_async(holds)


def app_of(kafka: Broker, transport: TransportClass, folder: Path, **settings: Any) -> faust.App:
    app = faust.App(
        unique("strict"),
        broker=f"kafka://{kafka.bootstrap}",
        datadir=folder,
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="earliest",
        topic_partitions=1,
        topic_replication_factor=1,
        table_standby_replicas=0,
        TableManager=StrictTableManager if issubclass(transport, StrictTransport) else TableManager,
        **settings,
    )
    app.transport = transport(app.conf.broker, app, loop=None)
    return app


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[None]:
    starting = asyncio.create_task(app.start())
    try:
        yield
    finally:
        await app.stop()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


Scenario = Callable[[Broker, TransportClass, Path], Awaitable[bool]]


async def unfinished_is_not_committed(kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    topic = create_topic(kafka.bootstrap, unique("unfinished"))
    produce(kafka.bootstrap, topic, [(b"k", b"%d" % number) for number in range(4)])
    app = app_of(kafka, transport, folder)
    reading = Reading(app, topic)
    async with running(app):
        await reading.until(lambda: len(reading.messages) == 4)
        for message in reading.messages[1:]:
            app.consumer.ack(message)
        await app.consumer.commit()
        early = await asyncio.to_thread(committed, kafka.bootstrap, app.conf.id, topic)
        app.consumer.ack(reading.messages[0])
        await app.consumer.commit()
        late = await asyncio.to_thread(committed, kafka.bootstrap, app.conf.id, topic)
    assert late == 4
    return early in {None, 0}


async def holes_are_sought_back_to(kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    topic = create_topic(kafka.bootstrap, unique("holes"))
    produce(kafka.bootstrap, topic, [(b"k", b"%d" % number) for number in range(1000)])
    app = app_of(kafka, transport, folder)
    reading = Reading(app, topic)

    def another_generation(message: Any) -> None:
        if message.offset == 10:
            app.consumer_generation_id += 1

    reading.on_message = another_generation
    async with running(app):
        await reading.until(lambda: 10 in reading.offsets)
        await asyncio.to_thread(produce, kafka.bootstrap, topic, [(b"k", b"last")])
        await reading.until(lambda: 1000 in reading.offsets)
    assert reading.offsets == sorted(reading.offsets)
    return reading.offsets == list(range(1001))


async def without_a_commit_the_earliest_is_read_again(kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    topic = create_topic(kafka.bootstrap, unique("uncommitted"))
    produce(kafka.bootstrap, topic, [(b"k", b"%d" % number) for number in range(10)])
    app = app_of(kafka, transport, folder)
    reading = Reading(app, topic)
    async with running(app):
        await reading.until(lambda: len(reading.messages) == 10)
        await app.consumer.perform_seek()
        app.flow_control.resume()
        app.consumer.resume_flow()
        await asyncio.to_thread(produce, kafka.bootstrap, topic, [(b"k", b"last")])
        await reading.until(lambda: 10 in reading.offsets)
    return reading.offsets == [*range(10), *range(11)]


async def a_poisoned_changelog_stops_the_worker(kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    app = app_of(kafka, transport, folder)
    source = create_topic(kafka.bootstrap, unique("source"))
    changelog = create_topic(kafka.bootstrap, f"{app.conf.id}-vendors-changelog", config={"cleanup.policy": "compact"})
    produce(kafka.bootstrap, changelog, [(b"c1:v1", b"\x00 not a row")])
    Reading(app, source)
    ours = transport is StrictTransport
    table = (
        VendorTable(app, name="vendors", partitions=1, summarise=_no_row) if ours else faust.Table(app, name="vendors")
    )
    app.tables.add(table)
    complaints = Complaints()
    logging.getLogger("faust.tables.recovery").addHandler(complaints)
    try:
        async with running(app):
            await eventually_async(lambda: complaints.said or app.crash_reason is not None)
            return await within(lambda: app.crash_reason is not None, seconds=1.0)
    finally:
        logging.getLogger("faust.tables.recovery").removeHandler(complaints)


async def partitions_take_turns(kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    partitions, records = 8, 1000
    backlog = create_topic(kafka.bootstrap, unique("backlog"), partitions=partitions)
    for partition in range(partitions):
        produce(kafka.bootstrap, backlog, [(b"k", b"snapshot")] * records, partition=partition)
    press = create_topic(kafka.bootstrap, unique("press"))
    app = app_of(kafka, transport, folder)
    of_backlog, of_press = Reading(app, backlog), Reading(app, press)
    read_before_press: list[int] = []

    def press_after_the_first(_message: Any) -> None:
        if len(of_backlog.messages) == 1:
            # This keeps the event loop until the record is in aiokafka's buffer: it waits for its turn only.
            produce(kafka.bootstrap, press, [(b"k", b"press")])
            buffered = cast("Any", app.consumer)._thread._ensure_consumer()._fetcher._records  # noqa: SLF001
            eventually(lambda: (press, 0) in buffered)

    of_backlog.on_message = press_after_the_first
    of_press.on_message = lambda _message: read_before_press.append(len(of_backlog.messages))
    async with running(app):
        await of_press.until(lambda: bool(of_press.messages))
        await of_backlog.until(lambda: len(of_backlog.messages) == partitions * records)
    return read_before_press[0] < partitions * records / 10


class Complaints(logging.Handler):
    """Whether Faust has logged that it swallows an error in recovery."""

    said = False

    def emit(self, record: logging.LogRecord) -> None:
        self.said = self.said or "Error in recovery" in record.getMessage()


def _no_row(data: bytes) -> Summary:
    raise ValueError(f"{len(data)} bytes that are no row")


SCENARIOS: list[Scenario] = [
    unfinished_is_not_committed,
    holes_are_sought_back_to,
    without_a_commit_the_earliest_is_read_again,
    a_poisoned_changelog_stops_the_worker,
    partitions_take_turns,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_strict_transport_guarantees(scenario: Scenario, kafka: Broker, tmp_path: Path) -> None:
    assert await scenario(kafka, StrictTransport, tmp_path)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_stock_driver_does_not(scenario: Scenario, kafka: Broker, tmp_path: Path) -> None:
    assert not await scenario(kafka, StockTransport, tmp_path)
