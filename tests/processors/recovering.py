"""An app whose table is recovered again and again, with what Faust and aiokafka keep private within reach."""
# ruff: noqa: SLF001

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust

from devkit.broker import Broker
from processors.state.shard import Summary
from processors.state.vendor_table import VendorTable
from processors.transport.strict_transport import StrictTransport
from tests.processors.real.test_strict_transport import Reading, TransportClass, app_of, running
from tests.support.eventually import eventually_async, within
from tests.support.topics import create_topic, produce, unique

RECOVERED_SECONDS = 8.0
SUMMARY = Summary(known=True, linked=True, answered_through=-1)


class Recovering:
    """An app that has recovered the one row of its table; another worker has added a second one since."""

    def __init__(self, kafka: Broker, folder: Path, transport: TransportClass = StrictTransport) -> None:
        self.kafka = kafka
        self.app: Any = app_of(kafka, transport, folder, broker_session_timeout=6.0, broker_heartbeat_interval=1.0)
        self.source = create_topic(kafka.bootstrap, unique("source"))
        self.reading = Reading(self.app, self.source)
        self.changelog = create_topic(
            kafka.bootstrap, f"{self.app.conf.id}-vendors-changelog", config={"cleanup.policy": "compact"}
        )
        ours = transport is StrictTransport
        self.rows = [(b"c1:v1", b"row"), (b"c1:v2", b"row")] if ours else [(b'"v1"', b"1"), (b'"v2"', b"2")]
        table: Any = (
            VendorTable(self.app, name="vendors", partitions=1, summarise=lambda _row: SUMMARY)
            if ours
            else faust.Table(self.app, name="vendors")
        )
        self.app.tables.add(table)

    @property
    def consumer(self) -> Any:
        return self.app.consumer

    @property
    def thread(self) -> Any:
        return self.app.consumer._thread

    @property
    def aiokafka(self) -> Any:
        return self.thread._ensure_consumer()

    @property
    def at_rest(self) -> bool:
        return bool(self.app.started and self.app.tables.recovery.completed.is_set() and not self.app.rebalancing)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        produce(self.kafka.bootstrap, self.changelog, self.rows[:1])
        async with running(self.app):
            await eventually_async(lambda: self.at_rest)
            produce(self.kafka.bootstrap, self.changelog, self.rows[1:])
            yield

    def rebalance(self) -> None:
        self.thread.thread_loop.call_soon_threadsafe(self.aiokafka._coordinator.request_rejoin)

    async def recovered(self, *, since: int, rebalances: int = 1, seconds: float = RECOVERED_SECONDS) -> bool:
        return await within(
            lambda: (
                self.app.consumer_generation_id >= since + rebalances
                and not self.app.tables.recovery.need_recovery()
                and not self.app.rebalancing
            ),
            seconds=seconds,
        )
