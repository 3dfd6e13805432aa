"""A worker that does not get on says why and ends; one that is kept by others waits for as long as they keep it."""

import asyncio
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import UnknownError
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from faust.types import TP

from accounting.credentials import CredentialsFolder
from accounting.port import Observed
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.sandbox import ErrorAnswer, Hang
from devkit.broker import LocalBroker, LocalCluster
from messaging.topic_admin import admin_of
from processors import app as app_module
from processors.transport.consumer_thread import StrictConsumerThread
from processors.transport.strict_transport import StrictConsumer, StrictTransport
from processors.vendor_sync.retry_policy import LONGEST_PAUSE
from processors.watchdog import EXIT_BLOCKED, StalledError
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from schemas.records.vendor_record import Origin
from schemas.topics import SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC_OUTCOME, Topic
from tests.support.eventually import eventually_async
from tests.support.free_port import free_port
from tests.support.slowness import patient
from tests.support.watched_worker import STALL_TIMEOUT, watched
from tests.support.world import World, world_of

STOOD_STILL = f"{STALL_TIMEOUT:.0f} s"
BLOCKED = patient(1.5)
"""Seconds that the event loop may be blocked."""


async def passes(seconds: float, *, while_: Callable[[], bool]) -> None:
    """Something holds for so long."""
    until = time.monotonic() + seconds
    await eventually_async(lambda: time.monotonic() > until or not while_(), seconds=seconds + 10)
    assert while_()


async def another_worker_settles(world: World, run: str) -> None:
    async with world.worker():
        progress = await world.settled(run)
    assert progress.counts().in_progress == 0


async def test_an_ended_agent(world: World) -> None:
    async with watched(world) as worker:
        agent = worker.parts.app.agents[SYNC_REQUESTED.name]
        (actor,) = agent._actors  # noqa: SLF001 -- Faust names them nowhere else
        await eventually_async(lambda: actor.actor_task is not None)
        await passes(STALL_TIMEOUT / 2, while_=lambda: not worker.running.done())
        actor.actor_task.cancel()
        message = await worker.ends()
    assert message == "Agents have ended: vive.sync-requested. The worker ends so that it can be started anew."


class NoCommits(StrictConsumerThread):
    """What the group's coordinator is broken for."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)

        async def commit(_offsets: Any) -> None:
            raise UnknownError

        consumer.commit = commit
        return consumer


class WithoutCommits(StrictTransport):
    class Consumer(StrictConsumer):
        def _new_consumer_thread(self) -> StrictConsumerThread:
            return NoCommits(self, loop=self.loop, beacon=self.beacon)


async def test_commits_that_fail_though_kafka_lives(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "StrictTransport", WithoutCommits)
    world.providers([1], compliance_status="Pending")
    async with watched(world, commit_interval=0.2) as worker:
        await world.load([world.integration, world.record(1)])
        message = await worker.ends()
    assert message.startswith(f"Nothing was committed for {STOOD_STILL}, though records were finished: vive.")


async def test_a_partition_that_is_not_read_on(world: World) -> None:
    async with watched(world) as worker:
        partitions = [TP(VENDOR_RECORD.name, number) for number in range(12)]
        worker.consumer.pause_partitions(partitions)
        await world.load([world.integration, world.record(1)])
        message = await worker.ends()
    assert message.startswith(f"There are records that were not read for {STOOD_STILL}: vive.vendor-record ")


class NoChangelog(StrictConsumerThread):
    """What the fetching of a table's changelog is broken for."""

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:
        fetched = await super()._fetch_records(*args, **kwargs)
        return {tp: records for tp, records in fetched.items() if not tp.topic.endswith("-changelog")}


class WithoutChangelog(StrictTransport):
    class Consumer(StrictConsumer):
        def _new_consumer_thread(self) -> StrictConsumerThread:
            return NoChangelog(self, loop=self.loop, beacon=self.beacon)


async def test_a_recovery_that_does_not_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
    monkeypatch.setattr(app_module, "StrictTransport", WithoutChangelog)
    with pytest.raises(
        StalledError, match=f"^The worker has had partitions for {STOOD_STILL} and does not get to read them"
    ):
        async with watched(world):
            pass


async def test_a_producer_without_a_connection_though_kafka_is_available(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    nobody = {"bootstrap.servers": f"127.0.0.1:{free_port()}"}
    async with watched(world, delivery_seconds=STALL_TIMEOUT, producer=nobody) as worker:
        run = await world.press()
        message = await worker.ends()
    assert re.fullmatch(
        rf"The producer has delivered none of its \d+ records for {STOOD_STILL} and gets no answer from Kafka, though a new "
        r"client gets one\. The worker ends so that it can be started anew\.",
        message,
    )
    await another_worker_settles(world, run)


class Hanging(Vantaca):
    """Reading provider 1 hangs past every time limit."""

    async def observe_one(self, integration: Integration, provider_id: str) -> Observed:
        if provider_id == "1":
            await asyncio.Event().wait()
        return await super().observe_one(integration, provider_id)


async def test_a_record_that_hangs_while_others_are_finished(world_alone: World) -> None:
    world = world_alone
    world.integration = world.integration.model_copy(update={"timeout_seconds": 0.2})
    numbers = range(1, 31)
    world.providers(numbers)
    await world.load([world.integration])
    async with watched(world, system=Hanging(CredentialsFolder(world.folder))) as worker:
        for version in itertools.takewhile(lambda _: not worker.running.done(), itertools.count(1)):
            changed = [
                world.record(number, version=version, origin=Origin.CHANGE, compliant=bool(version % 2))
                for number in numbers[0 if version == 1 else 1 :]
            ]
            await world.load(changed)
            await eventually_async(lambda: len(worker.parts.syncing.pending_events) <= 1 or worker.running.done())
        message = await worker.ends()
    assert message.startswith(
        f"Records hang: other work was done for {STOOD_STILL}, but nothing moved on in vive.vendor-sync "
    )
    assert message.count("vive.vendor-sync") == 1
    async with world.worker():
        await world.vendor_says("v1", Status.UNCHANGED)


async def test_a_record_that_hangs_alone(world_alone: World) -> None:
    world = world_alone
    world.integration = world.integration.model_copy(update={"timeout_seconds": 0.2})
    world.providers([1])
    await world.load([world.integration])
    async with watched(world, system=Hanging(CredentialsFolder(world.folder))) as worker:
        await world.load([world.record(1, origin=Origin.CHANGE)])
        message = await worker.ends()
    assert re.search(f"nothing was done for {STOOD_STILL}|nothing moved on in vive.vendor-sync", message)
    async with world.worker():
        await world.vendor_says("v1", Status.UNCHANGED)


async def start_hanging_worker(world: World, how: str, **settings: str) -> tuple[subprocess.Popen[bytes], Path]:
    """A worker process that is ready, and its log."""
    path = world.folder / f"{how}.log"
    arguments = [sys.executable, "-m", "tests.support.hanging_worker", how]
    process = await asyncio.to_thread(start, arguments, world.environment(settings), path)
    world.processes.append(process)
    await eventually_async(lambda: b"Worker ready." in path.read_bytes() or process.poll() is not None, seconds=60)
    return process, path


def start(arguments: list[str], environment: dict[str, str], path: Path) -> subprocess.Popen[bytes]:
    with path.open("wb") as log:
        return subprocess.Popen(
            arguments, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


async def test_a_blocked_loop(world_alone: World) -> None:
    world = world_alone
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    process, log = await start_hanging_worker(world, "block", VIVE_SYNC_BLOCKED_SECONDS=str(BLOCKED))
    run = await world.press()
    assert await asyncio.to_thread(process.wait, patient(60)) == EXIT_BLOCKED
    message = log.read_text()
    assert re.search(r"The event loop has been blocked for \d+ s\. It stands at:", message)
    assert ": the process ends. It stands at:" in message
    assert re.search(r"/tests/support/hanging_worker\.py:\d+ observe_all\n", message)
    await another_worker_settles(world, run)


async def test_the_process_ends_with_a_line(world_alone: World) -> None:
    world = world_alone
    world.integration = world.integration.model_copy(update={"timeout_seconds": 0.2})
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    process, log = await start_hanging_worker(
        world, "wait", VIVE_SYNC_STALL_SECONDS=str(STALL_TIMEOUT), VIVE_SYNC_DRAIN_SECONDS="0.5"
    )
    run = await world.press()
    code = await asyncio.to_thread(process.wait, patient(60))
    message = log.read_text()
    assert (code, "Traceback" in message) == (1, False), message
    assert message.endswith("The worker ends so that it can be started anew.\n")
    await another_worker_settles(world, run)


async def test_an_accounting_system_that_hangs_is_waited_for(world: World) -> None:
    world.integration = world.integration.model_copy(update={"timeout_seconds": 3 * STALL_TIMEOUT})
    world.providers([1, 2, 3], compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in (1, 2, 3))])
    world.sandbox.faults.put("hang", Hang())
    async with watched(world) as worker:
        run = await world.press()
        await eventually_async(lambda: world.sandbox.call_log.counters().in_flight > 0)
        await passes(2.5 * STALL_TIMEOUT, while_=lambda: not worker.running.done())
        world.sandbox.faults.remove("hang")
        progress = await world.settled(run)
    assert progress.counts().by_status == {Status.UPDATED: 3}


async def test_a_retry_is_waited_for(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    stall_timeout = min(STALL_TIMEOUT, LONGEST_PAUSE / 2.5)  # a longer pause would not be waited for in memory
    world.sandbox.faults.put("busy", ErrorAnswer(status=503, retry_after_seconds=int(2.5 * stall_timeout), calls=2))
    async with watched(world, stall_seconds=stall_timeout):
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1}


async def test_a_paused_client_is_waited_for(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2)])
    world.sandbox.faults.put("refused", ErrorAnswer(status=403, reason="Authentication failed"))
    async with watched(world) as worker:
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.PARKED: 2}
        await passes(2 * STALL_TIMEOUT, while_=lambda: not worker.running.done())
        world.sandbox.faults.remove("refused")
        await world.vendor_says("v1", Status.UPDATED)


def wants_replicas(bootstrap: str, topic: Topic, replicas: int) -> None:
    """Let the topic take writes only while it has so many replicas in sync."""
    entry = ConfigEntry("min.insync.replicas", str(replicas), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
    admin = admin_of(bootstrap)
    for altered in admin.incremental_alter_configs([resource]).values():
        altered.result()


async def test_a_kafka_that_answers_and_takes_no_writes_is_waited_for(tmp_path: Path) -> None:
    kafka = await asyncio.to_thread(LocalCluster.start)
    try:
        async with world_of(kafka.bootstrap, tmp_path) as world:
            world.providers([1], compliance_status="Pending")
            await world.load([world.integration, world.record(1)])
            await asyncio.to_thread(wants_replicas, kafka.bootstrap, VENDOR_SYNC_OUTCOME, 3)
            await asyncio.to_thread(kafka.stop, 3)
            async with watched(world, delivery_seconds=STALL_TIMEOUT) as worker:
                run = await world.press()
                await eventually_async(lambda: len(world.writes()) == 1)
                await passes(2.5 * STALL_TIMEOUT, while_=lambda: not worker.running.done())
                progress = await world.until(run, lambda progress: progress.counts().total == 1)
                assert progress.counts().in_progress == 1
                await asyncio.to_thread(kafka.restart, 3)
                progress = await world.settled(run)
            assert progress.counts().by_status == {Status.UPDATED: 1}
    finally:
        await asyncio.to_thread(kafka.close)


@pytest.mark.parametrize("away", ["gone", "silent"])
async def test_kafka_is_waited_for(away: str, tmp_path: Path) -> None:
    kafka = await asyncio.to_thread(LocalBroker.start)
    try:
        async with world_of(kafka.bootstrap, tmp_path) as world:
            world.providers([1, 2], compliance_status="Pending")
            await world.load([world.integration, world.record(1), world.record(2)])
            async with watched(world) as worker:
                await world.settled(await world.press(("v1",)))
                if away == "gone":
                    await asyncio.to_thread(kafka.stop)
                else:
                    os.kill(kafka.pid, signal.SIGSTOP)
                await passes(2.5 * STALL_TIMEOUT, while_=lambda: not worker.running.done())
                if away == "gone":
                    await asyncio.to_thread(kafka.restart)
                else:
                    os.kill(kafka.pid, signal.SIGCONT)
                progress = await world.settled(await world.press())
            assert progress.counts().by_status == {Status.UPDATED: 1, Status.UNCHANGED: 1}
    finally:
        await asyncio.to_thread(kafka.close)
