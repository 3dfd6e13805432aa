"""A worker that is asked to stop lets its work end, leaves the group at once, and ends with 0."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient
from faust.types import TP

from accounting.vantaca.sandbox import Hang, Latency
from devkit.broker import LocalBroker
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import admin_of, partition_count
from messaging.topic_offsets import TopicOffsets
from processors.config import WorkerConfig
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import partition_of
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.watched_worker import Watched, watched
from tests.support.world import UPDATE, World, world_of

BULK = "/read/provider"
EXIT = patient(3.0)
"""Seconds from SIGTERM to the worker's end when no call is under way."""
CALL = 0.2
"""The longest call of a run in progress, in seconds."""
HANGS = 10.0
"""Seconds after which a call that hangs is given up."""
DRAIN = patient(45.0)
"""Seconds; a drain that waits until its time is over is distinguished from one that does not wait."""
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
    took = time.monotonic() - began
    sys.stdout.write(f"The worker ended {took:.2f} s after {signals[0].name}.\n")
    return Ended(code, took, time.time())


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
    world.sandbox.faults.put("slow", Latency(min_seconds=0.1, max_seconds=CALL))
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
    world.integration = world.integration.model_copy(update={"timeout_seconds": HANGS})
    run, group = await run_in_progress(world, vendors=300, workers=2)
    world.sandbox.faults.put("hang", Hang())
    await eventually_async(lambda: world.sandbox.call_log.counters().in_flight >= 64)
    ended = await stopped(world.processes[0], signal.SIGTERM)
    assert (ended.code, ended.took < HANGS + EXIT) == (0, True)
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


async def with_rows(world: World, numbers: Iterable[int]) -> None:
    """Vendors that workers have taken in before."""
    table = VENDOR_TABLE_CHANGELOG.name
    records = [world.record(number) for number in numbers]
    rows = [
        OutgoingRecord(table, record.key.to_bytes(), world.codec.encode(VendorRow(record=record), topic=table))
        for record in records
    ]
    await asyncio.to_thread(BlockingProducer(world.bootstrap, seconds=patient(60)).publish, rows)


async def test_a_worker_that_recovers_its_rows_stops(world_alone: World) -> None:
    world = world_alone
    await with_rows(world, range(1, 10_001))
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


async def test_a_record_that_comes_after_its_partition_has_gone_is_left_to_the_next_owner(world: World) -> None:
    async with watched(world) as worker:
        await worker.consumer.hand_over()
        key = world.record(1).key
        partitions = await asyncio.to_thread(partition_count, admin_of(world.bootstrap), VENDOR_SYNC)
        event = VendorSync(
            client_id=key.client_id,
            vendor_id=key.vendor_id,
            lane=Lane.BULK,
            cause=Cause.RETRY,
            requested_by="VIVE",
            requested_at=datetime.now(UTC),
        )
        late = SimpleNamespace(
            tp=TP(VENDOR_SYNC.name, partition_of(key.to_bytes(), partitions)),
            offset=0,
            key=key.to_bytes(),
            value=world.codec.encode(event, topic=VENDOR_SYNC.name),
        )
        worker.parts.syncing.accept(late)
        assert key not in worker.parts.syncing.queue


async def test_workers_stopped_together_leave_nothing_half_done(world_alone: World) -> None:
    world = world_alone
    run, _ = await run_in_progress(world, vendors=300, workers=2)
    ended = await asyncio.gather(*(stopped(process, signal.SIGTERM) for process in world.processes))
    assert [(one.code, one.took < LIMIT) for one in ended] == [(0, True)] * 2
    no_trace(world, "worker-1")
    no_trace(world, "worker-2")
    counts = world.sandbox.call_log.counters().by_path
    assert len(world.writes()) == counts.get(UPDATE, 0)  # reads may be cut, writes have ended
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
        assert (ended.code, ended.took < CALL + EXIT) == (0, True)
    no_trace(world, "worker-1")
    no_trace(world, "worker-2")


async def test_an_idle_worker_ends_at_once(world_alone: World) -> None:
    worker = await world_alone.start_ready_worker("worker-1", **SESSION)
    await Group(world_alone.bootstrap).has_members(1)
    ended = await stopped(worker, signal.SIGTERM)
    assert (ended.code, ended.took < EXIT) == (0, True)


async def test_a_worker_that_waits_for_an_answer_to_a_read_ends_at_once(world_alone: World) -> None:
    world = world_alone
    world.integration = world.integration.model_copy(update={"timeout_seconds": DRAIN})
    world.providers(range(1, 101), compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in range(1, 101))])
    worker = await world.start_ready_worker("worker-1", **SESSION, VIVE_SYNC_DRAIN_SECONDS=str(DRAIN))
    world.sandbox.faults.put("hang", Hang(path="/read"))
    run = await world.press()
    await eventually_async(lambda: world.sandbox.call_log.counters().in_flight > 0, seconds=60)
    ended = await stopped(worker, signal.SIGTERM)
    assert (ended.code, ended.took < EXIT) == (0, True)
    world.sandbox.faults.remove("hang")
    async with world.worker():
        progress = await world.settled(run)
    assert progress.counts().settled == 100
    assert Counter(world.writes()) == {str(number): 1 for number in range(1, 101)}


async def test_a_write_under_way_has_its_outcome_before_the_worker_ends(world_alone: World) -> None:
    world = world_alone
    latency = 4.0
    world.providers(range(1, 101), compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in range(1, 101))])
    worker = await world.start_ready_worker("worker-1", **SESSION)
    world.sandbox.faults.put("slow", Latency(min_seconds=latency, max_seconds=latency, path=UPDATE))
    run = await world.press()
    await eventually_async(lambda: world.sandbox.call_log.counters().by_path.get(UPDATE, 0) > 0, seconds=60)
    ended = await stopped(worker, signal.SIGTERM)
    assert (ended.code, ended.took < latency + EXIT) == (0, True)
    begun = world.sandbox.call_log.counters().by_path[UPDATE]
    progress = await world.until(run, lambda progress: progress.counts().settled >= begun)
    assert progress.counts().by_status == {Status.UPDATED: begun}
    world.sandbox.faults.remove("slow")
    async with world.worker():
        assert (await world.settled(run)).counts().by_status == {Status.UPDATED: 100}
    assert Counter(world.writes()) == {str(number): 1 for number in range(1, 101)}


MANY = 15_000


class Events:
    """The ``vendor-sync`` events of a Kafka."""

    def __init__(self, bootstrap: str) -> None:
        self._offsets = TopicOffsets(bootstrap, seconds=patient(30.0))
        partitions = partition_count(admin_of(bootstrap), VENDOR_SYNC)
        self._places = [(VENDOR_SYNC.name, number) for number in range(partitions)]

    async def count(self) -> int:
        ends = await asyncio.to_thread(self._offsets.ends, self._places)
        return sum(ends.values())


async def test_a_large_expansion_ends_between_two_chunks_and_is_repeated(world_alone: World) -> None:
    world = world_alone
    await with_rows(world, range(1, MANY + 1))
    await world.load([world.integration])
    world.sandbox.faults.put("hang", Hang())  # no vendor is answered, so one that is queued twice would be two events
    worker = await world.start_ready_worker("worker-1", **SESSION)
    events = Events(world.bootstrap)
    run = await world.press()
    while not await events.count():
        assert worker.poll() is None
    ended = await stopped(worker, signal.SIGTERM)
    assert (ended.code, ended.took < EXIT) == (0, True)
    no_trace(world, "worker-1")
    sys.stdout.write(f"{await events.count()} of {MANY} vendors were queued by then.\n")
    await world.start_ready_worker("worker-2", **SESSION)
    counts = (await world.until(run, lambda progress: progress.expanded, seconds=120)).counts()
    assert (counts.queued, counts.already_in_progress) == (MANY, 0)
    assert await events.count() == MANY


@asynccontextmanager
async def expansions_that_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """A worker whose expansions wait for records that do not come."""
    await world.load([world.integration, world.record(1)])
    waiting: list[TP] = []

    async def read_to(tp: TP, _end: int) -> None:
        waiting.append(tp)
        await asyncio.Event().wait()

    async with watched(world, drain_seconds=DRAIN, stall_seconds=DRAIN) as worker:
        monkeypatch.setattr(worker.consumer, "read_to", read_to)
        await world.press()
        await world.press()
        partitions = len([tp for tp in worker.consumer.assignment() if tp.topic == VENDOR_SYNC.name])
        await eventually_async(lambda: len(waiting) == partitions, seconds=60)
        yield worker


async def test_an_expansion_that_waits_holds_up_no_stop(world_alone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with expansions_that_wait(world_alone, monkeypatch):
        began = time.monotonic()
    took = time.monotonic() - began
    sys.stdout.write(f"The worker ended {took:.2f} s after it was stopped.\n")
    assert took < EXIT


async def test_an_expansion_that_waits_holds_up_no_rebalance(
    world_alone: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_alone
    async with expansions_that_wait(world, monkeypatch) as worker:
        rebalances: list[float] = []
        let_go = worker.consumer.before_revocation
        assert let_go is not None

        async def timed(revoked: set[TP]) -> None:
            began = time.monotonic()
            await let_go(revoked)
            rebalances.append(time.monotonic() - began)

        worker.consumer.before_revocation = timed
        await world.start_ready_worker("worker-2", **SESSION)
        await Group(world.bootstrap).has_members(2, seconds=30)
    sys.stdout.write(f"The rebalance waited {rebalances[0]:.2f} s for work under way.\n")
    assert rebalances[0] < EXIT


async def test_whoever_waits_for_a_commit_can_be_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(world) as worker:
        begun = asyncio.Event()

        async def force_commit(*_: object, **__: object) -> bool:
            begun.set()
            await asyncio.Event().wait()
            return True

        with monkeypatch.context() as patched:
            patched.setattr(worker.consumer, "force_commit", force_commit)
            hanging = asyncio.create_task(worker.consumer.commit())
            await begun.wait()
            waiting = asyncio.create_task(worker.consumer.commit())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting}, timeout=EXIT)
            assert waiting.cancelled()
            assert not hanging.done()
            hanging.cancel()
            await asyncio.wait({hanging})
