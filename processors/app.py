"""The Faust app: its topics, its table and its four agents."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import faust

from processors.config import WorkerConfig
from processors.strict_transport import StrictConsumer, StrictTransport
from processors.vendor_table import Summarise, VendorTable
from schemas.topics import SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC, Topic

TakeIn = Callable[[Any], None]
"""Takes a record in at once; it is finished later."""
WorkOff = Callable[[Any], Awaitable[None]]
"""Works a record to its end."""


def create_app(config: WorkerConfig, *, partitions: int) -> faust.App:
    """A Faust app over the strict transport, without agents yet."""
    app = faust.App(
        config.group,
        broker=[f"kafka://{server.strip()}" for server in config.bootstrap.split(",")],
        datadir=config.data_folder,
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=partitions,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=config.session_timeout,
        broker_heartbeat_interval=config.heartbeat_interval,
        broker_rebalance_timeout=config.rebalance_timeout,
        broker_request_timeout=max(config.session_timeout, 40.0) + 5.0,
        broker_commit_interval=config.commit_interval,
        stream_recovery_delay=0.0,
    )
    app.transport = StrictTransport(app.conf.broker, app, loop=None)
    return app


def create_table(app: faust.App, *, partitions: int, summarise: Summarise) -> VendorTable:
    """The table of vendors."""
    table = VendorTable(app, name="vendors", partitions=partitions, summarise=summarise, beacon=app.tables.beacon)
    app.tables.add(table)
    return table


def consumer_of(app: faust.App) -> StrictConsumer:
    """The app's consumer, once it runs."""
    consumer: StrictConsumer = app.consumer
    return consumer


def add_agents(app: faust.App, *, requested: WorkOff, expansion: WorkOff, record: TakeIn, vendor_sync: TakeIn) -> None:
    """One agent a topic. A record that is worked off is acknowledged here; one that is taken in, by who took it in."""
    _add_agent(app, SYNC_REQUESTED, _work_off(app, requested))
    _add_agent(app, SYNC_EXPANSION, _work_off(app, expansion))
    _add_agent(app, VENDOR_RECORD, _take_in(app, record))
    _add_agent(app, VENDOR_SYNC, _take_in(app, vendor_sync))


def _add_agent(app: faust.App, topic: Topic, body: Callable[[Any], Awaitable[None]]) -> None:
    source = app.topic(topic.name, key_serializer="raw", value_serializer="raw", allow_empty=True)
    app.agent(source, name=topic.name)(body)


def _work_off(app: faust.App, handle: WorkOff) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for message in _messages(stream):
            await handle(message)
            consumer_of(app).taken(message.tp, message.offset)

    return agent


def _take_in(app: faust.App, handle: TakeIn) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for message in _messages(stream):
            handle(message)
            consumer_of(app).taken(message.tp, message.offset)

    return agent


async def _messages(stream: Any) -> AsyncIterator[Any]:
    async for event in stream.noack().events():
        yield event.message
