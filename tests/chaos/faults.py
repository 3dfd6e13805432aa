"""The effect of each fault on the environment, and its repair."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from accounting.vantaca.sandbox import Cut, Drop, ErrorAnswer, Garbage, Hang, HtmlPage, Huge, Latency
from devkit.broker import LocalBroker, LocalCluster
from devkit.small_disk import fill
from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from schemas.topics import (
    INTEGRATION,
    SYNC_EXPANSION,
    SYNC_REQUESTED,
    VENDOR_RECORD,
    VENDOR_SYNC,
    VENDOR_TABLE_CHANGELOG,
)
from schemas.wire.partitioning import partition_of
from tests.chaos.environment import SESSION, Stage
from tests.chaos.schedule import ALONE, Fault, Strike

GARBAGE = b"\x00\xff no record"
PARTITIONS = 12
HOURS = 5.0

Breaks = Callable[[Stage, Strike], AbstractAsyncContextManager[None]]
"""Broken from entering to leaving."""


class LeftOutError(Exception):
    """The fault can't strike here; the text says why."""


async def strike(stage: Stage, what: Strike) -> None:
    """Cause the fault, wait, repair it.

    Raises:
        LeftOutError: it can't be broken on this machine.
    """
    async with AsyncExitStack() as apart:
        if what.fault in ALONE:
            await apart.enter_async_context(stage.alone)
        await apart.enter_async_context(BREAKS[what.fault](stage, what))
        longer = SESSION + 2.0 if what.fault is Fault.WORKER_FROZEN else 0.0
        await asyncio.sleep(what.seconds + longer)


def _signal(number: signal.Signals) -> Breaks:
    @asynccontextmanager
    async def breaks(stage: Stage, what: Strike) -> AsyncIterator[None]:
        victim = stage.victim(what.draw)
        if victim is not None:
            victim.process.send_signal(number)
        yield

    return breaks


@asynccontextmanager
async def _frozen_worker(stage: Stage, what: Strike) -> AsyncIterator[None]:
    victim = stage.victim(what.draw)
    process = None if victim is None else victim.process
    if process is not None:
        process.send_signal(signal.SIGSTOP)
    yield
    if process is not None:
        process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def _joining_worker(stage: Stage, _what: Strike) -> AsyncIterator[None]:
    stage.add_worker()
    yield


@asynccontextmanager
async def _leaving_worker(stage: Stage, what: Strike) -> AsyncIterator[None]:
    """A worker ends for a while; another takes its place later, so that one is always wanted."""
    victim = stage.victim(what.draw)
    if victim is not None:
        victim.wanted = False
        victim.process.send_signal(signal.SIGTERM)
    yield
    stage.add_worker()


@asynccontextmanager
async def _full_worker_disk(stage: Stage, _what: Strike) -> AsyncIterator[None]:
    if stage.worker_disk is None:
        raise LeftOutError("no small disk can be mounted here")
    ballast = await asyncio.to_thread(fill, stage.worker_disk)
    yield
    ballast.unlink()


@asynccontextmanager
async def _jumping_clock(stage: Stage, what: Strike) -> AsyncIterator[None]:
    victim = stage.victim(what.draw)
    if victim is None:
        yield
        return
    hours = HOURS if what.draw < 0.5 else -HOURS
    stage.clock(victim.name).write_text(str(hours * 3600))
    yield
    stage.clock(victim.name).write_text("0")


def _kafka(how: str) -> Breaks:
    @asynccontextmanager
    async def breaks(stage: Stage, _what: Strike) -> AsyncIterator[None]:
        broker = stage.broker
        assert isinstance(broker, LocalBroker)
        await asyncio.to_thread(getattr(broker, how))
        yield
        await asyncio.to_thread(broker.resume if how == "pause" else broker.restart)

    return breaks


@asynccontextmanager
async def _full_kafka_disk(stage: Stage, _what: Strike) -> AsyncIterator[None]:
    broker = stage.broker
    assert isinstance(broker, LocalBroker)
    if stage.kafka_disk is None:
        raise LeftOutError("no small disk can be mounted here")
    ballast = await asyncio.to_thread(fill, stage.kafka_disk)
    yield
    ballast.unlink()
    await asyncio.to_thread(broker.restart)


def _node(how: str) -> Breaks:
    @asynccontextmanager
    async def breaks(stage: Stage, what: Strike) -> AsyncIterator[None]:
        cluster = stage.broker
        assert isinstance(cluster, LocalCluster)
        number = cluster.nodes[int(what.draw * len(cluster.nodes))]
        await asyncio.to_thread(getattr(cluster, how), number)
        yield
        await asyncio.to_thread(cluster.restart, number)

    return breaks


@asynccontextmanager
async def _refusing_vantaca(stage: Stage, _what: Strike) -> AsyncIterator[None]:
    await stage.refuse_connections()
    yield
    await stage.accept_connections()


def _vantaca(fault: Any) -> Breaks:
    @asynccontextmanager
    async def breaks(stage: Stage, what: Strike) -> AsyncIterator[None]:
        name = f"{what.fault} at {what.at}"
        stage.sandbox.faults.put(name, fault)
        yield
        stage.sandbox.faults.remove(name)

    return breaks


@asynccontextmanager
async def _poisoned_records(stage: Stage, what: Strike) -> AsyncIterator[None]:
    vendor = stage.books[0].vendors[int(what.draw * len(stage.books[0].vendors))].record.key.to_bytes()
    nobody = f"poison{what.at:.3f}".encode()
    records = [
        OutgoingRecord(INTEGRATION.name, nobody, GARBAGE),
        OutgoingRecord(SYNC_REQUESTED.name, nobody, GARBAGE),
        OutgoingRecord(SYNC_EXPANSION.name, nobody, GARBAGE, int(what.draw * PARTITIONS)),
        OutgoingRecord(VENDOR_RECORD.name, vendor, GARBAGE),
        OutgoingRecord(VENDOR_SYNC.name, vendor, GARBAGE),
    ]
    await _say(stage, records)
    stage.poisoned |= {(record.topic, record.key or b"") for record in records}
    yield


@asynccontextmanager
async def _poisoned_changelog(stage: Stage, what: Strike) -> AsyncIterator[None]:
    """Two rows that can't be read, a worker that recovers them, and the command that repairs them."""
    vendor = stage.books[1].vendors[int(what.draw * len(stage.books[1].vendors))].record.key.to_bytes()
    for key in (vendor, b"\xff"):
        await _say(stage, [OutgoingRecord(VENDOR_TABLE_CHANGELOG.name, key, GARBAGE, partition_of(key, PARTITIONS))])
    victim = stage.victim(what.draw)
    if victim is not None:
        victim.process.kill()
    yield
    while (await asyncio.to_thread(stage.command, "table", "repair")).returncode != 0:
        await asyncio.sleep(1.0)


async def _say(stage: Stage, records: list[OutgoingRecord]) -> None:
    while True:
        try:
            await asyncio.to_thread(lambda: BlockingProducer(stage.bootstrap).produce_at(records))
        except KafkaUnavailableError:
            continue
        else:
            return


BREAKS: dict[Fault, Breaks] = {
    Fault.WORKER_KILLED: _signal(signal.SIGKILL),
    Fault.WORKER_STOPPED: _signal(signal.SIGTERM),
    Fault.WORKER_FROZEN: _frozen_worker,
    Fault.WORKER_JOINS: _joining_worker,
    Fault.WORKER_LEAVES: _leaving_worker,
    Fault.WORKER_DISK_FULL: _full_worker_disk,
    Fault.CLOCK_JUMPS: _jumping_clock,
    Fault.KAFKA_STOPPED: _kafka("stop"),
    Fault.KAFKA_KILLED: _kafka("kill"),
    Fault.KAFKA_FROZEN: _kafka("pause"),
    Fault.KAFKA_DISK_FULL: _full_kafka_disk,
    Fault.NODE_KILLED: _node("kill"),
    Fault.NODE_STOPPED: _node("stop"),
    Fault.VANTACA_REFUSES: _refusing_vantaca,
    Fault.VANTACA_HANGS: _vantaca(Hang()),
    Fault.VANTACA_HANGS_AFTER_WRITE: _vantaca(Hang(after_write=True)),
    Fault.VANTACA_RESETS: _vantaca(Drop()),
    Fault.VANTACA_RESETS_AFTER_WRITE: _vantaca(Drop(after_write=True)),
    Fault.VANTACA_CUTS: _vantaca(Cut()),
    Fault.VANTACA_SLOW: _vantaca(Latency(min_seconds=0.3, max_seconds=1.5)),
    Fault.VANTACA_500: _vantaca(ErrorAnswer(status=500, reason="Server Error")),
    Fault.VANTACA_503_AFTER_WRITE: _vantaca(ErrorAnswer(after_write=True)),
    Fault.VANTACA_429: _vantaca(ErrorAnswer(status=429, reason="Too Many Requests", retry_after_seconds=1)),
    Fault.VANTACA_403: _vantaca(ErrorAnswer(status=403, reason="Authentication failed")),
    Fault.VANTACA_GARBAGE: _vantaca(Garbage()),
    Fault.VANTACA_PAGE: _vantaca(HtmlPage()),
    Fault.VANTACA_HUGE: _vantaca(Huge(mebibytes=2)),
    Fault.POISONED_RECORDS: _poisoned_records,
    Fault.POISONED_CHANGELOG: _poisoned_changelog,
}
