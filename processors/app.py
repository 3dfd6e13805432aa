"""The Faust app: its topics, its table and its four agents."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import faust

from processors.config import WorkerConfig
from processors.state.shard import Summarise
from processors.state.vendor_table import VendorTable
from processors.transport.strict_recovery import StrictTableManager
from processors.transport.strict_transport import StrictConsumer, StrictTransport
from schemas.topics import Topic

TakeIn = Callable[[Any], None]
"""Accepts a record without waiting; the record is finished later."""


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
        stream_wait_empty=False,
        TableManager=StrictTableManager,
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
    return cast("StrictConsumer", app.consumer)


def add_agents(app: faust.App, agents: Mapping[Topic, TakeIn], *, on_crash: Callable[[BaseException], None]) -> None:
    """Add one agent for each topic. It passes records on in order; the stage acknowledges a record once it is persisted.

    An exception of a stage is a fault of the worker or of its environment: ``on_crash`` is called with it, and the record stays
    unfinished.
    """
    for topic, take_in in agents.items():
        source = app.topic(topic.name, key_serializer="raw", value_serializer="raw", allow_empty=True)
        app.agent(source, name=topic.name)(_agent(app, take_in, on_crash))


def _agent(
    app: faust.App, take_in: TakeIn, on_crash: Callable[[BaseException], None]
) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                take_in(event.message)
            except Exception as error:  # noqa: BLE001 -- raised here, Faust would acknowledge the record
                on_crash(error)
                await asyncio.Event().wait()
            consumer_of(app).taken(event.message.tp, event.message.offset)

    return agent
