"""A worker that is told to stop lets its work end, leaves the group at once, and ends with 0."""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from accounting.vantaca.sandbox import Hang, Latency
from devkit.broker import LocalBroker
from processors.config import WorkerConfig
from producers.kafka import KafkaVoice, Said
from schemas.partitioning import partition_of
from schemas.topics import VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from schemas.topics_on_broker import admin_of, partition_count
from schemas.vendor_key import VendorKey
from schemas.vendor_row import VendorRow
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.watched_worker import watched
from tests.support.world import UPDATE, World, world_of

BULK = "/read/provider"
LIMIT = patient(40)
"""Seconds; calls that hang would take ten more."""
HANDED_OVER = 20.0
"""Seconds; without the worker's word Kafka waits for the session timeout, which is six times that."""
SESSION = {"VIVE_SYNC_SESSION_TIMEOUT": str(6 * patient(HANDED_OVER))}
POLICY = {"policy_type": "General Liability", "number": "GL-1", "expires_on": "2027-03-31"}
SIGTERM_BIT = 1 << (signal.SIGTERM - 1)


class Ended(NamedTuple):
    code: int
    took: float
    at: float
    """Seconds since 1970."""


async def stopped(process: subprocess.Popen[bytes], *signals: signal.Signals) -> Ended:
    began = time.monotonic()
    for number in signals:
        process.send_signal(number)
    code = await asyncio.to_thread(process.wait, LIMIT)
    return Ended(code, time.monotonic() - began, time.time())


class Group:
    """The workers' group as Kafka sees it."""

    def __init__(self, bootstrap: str) -> None:
        self._admin: AdminClient = admin_of(bootstrap)

    async def owners(self) -> Mapping[int, str]:
        """The member that has each partition of ``vendor-sync``, while the group is at rest."""
        (asked,) = self._admin.describe_consumer_groups([WorkerConfig.group]).values()
        try:
            group = await asyncio.to_thread(asked.result)
        except KafkaException:
            return {}
        if group.state is not ConsumerGroupState.STABLE:
            return {}
        return {
            tp.partition: member.member_id
            for member in group.members
            if member.assignment is not None
            for tp in member.assignment.topic_partitions
            if tp.topic == VENDOR_SYNC.name
        }

    async def has_members(self, count: int, *, seconds: float = 60.0) -> None:
        """Wait until all partitions are given to so many members."""
        deadline = time.monotonic() + patient(seconds)
        partitions = await asyncio.to_thread(partition_count, self._admin, VENDOR_SYNC)
        while True:
            owners = await self.owners()
            if len(owners) == partitions and len(set(owners.values())) == count:
                return
            assert time.monotonic() < deadline, owners
            await asyncio.sleep(0.05)


async def run_in_progress(world: World, *, vendors: int, workers: int) -> tuple[str, Group]:
    """A run of which some vendors are settled, on so many worker processes."""
    numbers = range(1, vendors + 1)
    world.providers(numbers, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number, policies=[POLICY]) for number in numbers)])
    world.sandbox.faults.put("slow", Latency(min_seconds=0.1, max_seconds=0.2))
    for number in range(1, workers + 1):
        await world.start_ready_worker(f"worker-{number}", **SESSION)
    group = Group(world.bootstrap)
    await group.has_members(workers)
    run = await world.press()
    await world.until(run, lambda progress: progress.counts().settled > vendors // 8)
    return run, group


def in_agreement(world: World, vendors: int) -> None:
    """Every vendor was written, once."""
    providers = world.company.providers
    assert {provider.compliance_status for provider in providers.values()} == {"Approved"}
    assert {len(provider.provider_insurance) for provider in providers.values()} == {1}
    done = Counter(
        str(call.parameters["providerid"])
        for call in world.sandbox.call_log.calls
        if call.path == UPDATE and call.status is not None
    )
    assert done == {str(number): 1 for number in range(1, vendors + 1)}


def no_trace(world: World, name: str) -> None:
    log = (world.folder / f"{name}.log").read_text()
    assert "Traceback" not in log, log


async def test_a_worker_stopped_in_the_middle_of_a_run_hands_over_at_once(world_alone: World) -> None:
    world = world_alone
    run, group = await run_in_progress(world, vendors=600, workers=2)
    victim = world.processes[0]
    ended = await stopped(victim, signal.SIGTERM)
    assert (ended.code, ended.took < LIMIT) == (0, True)
    await group.has_members(1, seconds=HANDED_OVER)
    progress = await world.settled(run)
    assert progress.counts().settled == 600
    in_agreement(world, 600)
    no_trace(world, "worker-1")
    partitions = await asyncio.to_thread(partition_count, admin_of(world.bootstrap), VENDOR_SYNC)
    mine = {
        partition_of(VendorKey(world.client_id, vendor_id).to_bytes(), partitions)
        for vendor_id, outcome in progress.answers.items()
        if outcome.worker.endswith(f"-{victim.pid}")
    }
    taken_over = {
        str(number) for number in range(1, 601) if partition_of(world.record(number).key.to_bytes(), partitions) in mine
    }
    heirs = [
        call.at
        for call in world.sandbox.call_log.calls
        if call.at > ended.at and (call.path == BULK or str(call.parameters.get("providerid")) in taken_over)
    ]
    assert min(heirs) - ended.at < patient(HANDED_OVER)


async def test_what_hangs_is_left_to_the_heir(world_alone: World) -> None:
    world = world_alone
    world.integration = world.integration.model_copy(update={"timeout_seconds": 10.0})
    run, group = await run_in_progress(world, vendors=300, workers=2)
    world.sandbox.faults.put("hang", Hang())
    await eventually_async(lambda: world.sandbox.call_log.counters().in_flight >= 64)
    ended = await stopped(world.processes[0], signal.SIGTERM)
    assert (ended.code, ended.took < LIMIT) == (0, True)
    world.sandbox.faults.remove("hang")
    await group.has_members(1, seconds=HANDED_OVER)
    progress = await world.settled(run)
    assert progress.counts().settled == 300
    in_agreement(world, 300)
    no_trace(world, "worker-1")


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)],
    ids=lambda signals: "+".join(number.name for number in signals),
)
async def test_every_way_to_say_it(world: World, signals: tuple[signal.Signals, ...]) -> None:
    run, _ = await run_in_progress(world, vendors=100, workers=1)
    ended = await stopped(world.processes[0], *signals)
    assert (ended.code, ended.took < LIMIT) == (0, True)
    no_trace(world, "worker-1")
    async with world.worker():
        await world.settled(run)
    in_agreement(world, 100)


async def test_impatience_changes_nothing(world: World) -> None:
    run, _ = await run_in_progress(world, vendors=50, workers=1)
    process = world.processes[0]

    def ended_on_one_more() -> bool:
        process.send_signal(signal.SIGTERM)
        return process.poll() is not None

    await eventually_async(ended_on_one_more, seconds=60)
    assert process.returncode == 0
    no_trace(world, "worker-1")
    async with world.worker():
        await world.settled(run)


@pytest.fixture
async def world_and_kafka(tmp_path: Path) -> AsyncIterator[tuple[World, LocalBroker]]:
    broker = await asyncio.to_thread(LocalBroker.start)
    try:
        async with world_of(broker.bootstrap, tmp_path) as made:
            yield made, broker
    finally:
        await asyncio.to_thread(broker.close)


def handles_sigterm(process: subprocess.Popen[bytes]) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & SIGTERM_BIT)


def asks_kafka(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has threads of librdkafka: the first that a worker does is to look at the topics."""
    return any(name.read_text().startswith("rdk:") for name in Path(f"/proc/{process.pid}/task").glob("*/comm"))


@pytest.mark.parametrize("far_enough", [handles_sigterm, asks_kafka], ids=lambda far_enough: far_enough.__name__)
async def test_a_worker_that_starts_stops(far_enough: Callable[[subprocess.Popen[bytes]], bool], world: World) -> None:
    process = world.start_process("worker-1", "worker", **SESSION)
    await eventually_async(lambda: far_enough(process))
    ended = await stopped(process, signal.SIGTERM)
    # Before there is a worker, the command line's own handler ends the process as the shell would say it.
    codes = {0, 128 + signal.SIGTERM} if far_enough is handles_sigterm else {0}
    assert (ended.code in codes, ended.took < LIMIT) == (True, True)
    no_trace(world, "worker-1")


async def test_a_worker_that_recovers_its_rows_stops(world_alone: World) -> None:
    world = world_alone
    table = VENDOR_TABLE_CHANGELOG.name
    rows = [VendorRow(record=world.record(number)) for number in range(1, 10_001)]
    said = [
        Said(table, row.record.key.to_bytes(), world.codec.encode(row, topic=table))
        for row in rows
        if row.record is not None
    ]
    await asyncio.to_thread(KafkaVoice(world.bootstrap, seconds=patient(60)).say, said)
    process = world.start_process("worker-1", "worker", **SESSION)
    await Group(world.bootstrap).has_members(1)
    ended = await stopped(process, signal.SIGTERM)
    assert (ended.code, ended.took < LIMIT) == (0, True)
    no_trace(world, "worker-1")
    assert "Worker ready" not in (world.folder / "worker-1.log").read_text()


async def test_partitions_that_come_while_a_worker_leaves_are_not_read(world: World) -> None:
    async with watched(world) as worker:
        assert worker.consumer.reading
        await worker.consumer.hand_over()
        await worker.consumer.perform_seek()
        worker.consumer.resume_flow()
        assert not worker.consumer.reading


async def test_workers_stopped_together_leave_nothing_half_done(world_alone: World) -> None:
    world = world_alone
    run, _ = await run_in_progress(world, vendors=300, workers=2)
    ended = await asyncio.gather(*(stopped(process, signal.SIGTERM) for process in world.processes))
    assert [(one.code, one.took < LIMIT) for one in ended] == [(0, True)] * 2
    no_trace(world, "worker-1")
    no_trace(world, "worker-2")
    calls = world.sandbox.call_log.counters()
    assert calls.in_flight == 0
    async with world.worker():
        await world.settled(run)
    in_agreement(world, 300)


async def gone(kafka: LocalBroker) -> None:
    await asyncio.to_thread(kafka.stop)


async def silent(kafka: LocalBroker) -> None:
    """Its connections stay open, and nothing answers."""
    os.kill(kafka.pid, signal.SIGSTOP)


@pytest.mark.parametrize("away", [gone, silent], ids=lambda away: away.__name__)
async def test_a_worker_without_kafka_stops(
    away: Callable[[LocalBroker], Awaitable[None]], world_and_kafka: tuple[World, LocalBroker]
) -> None:
    world, kafka = world_and_kafka
    await run_in_progress(world, vendors=200, workers=1)
    await away(kafka)
    starting = world.start_process("worker-2", "worker", **SESSION)
    await eventually_async(lambda: asks_kafka(starting))
    for ended in await asyncio.gather(*(stopped(process, signal.SIGTERM) for process in world.processes)):
        assert (ended.code, ended.took < LIMIT) == (0, True)
    no_trace(world, "worker-1")
    no_trace(world, "worker-2")
