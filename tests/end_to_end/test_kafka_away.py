"""While Kafka is unavailable nothing is queued and users learn it in time; afterwards all work goes on by itself."""

import asyncio
import time
from pathlib import Path

import pytest

from devkit.broker import LocalBroker
from messaging.producer import BlockingProducer, KafkaUnavailableError
from messaging.topic_reader import TopicReader
from processors.runtime.kafka_outage import EVERY_SECONDS
from producers.button import CLIENT_ADMIN, request_sync
from schemas.records.outcome import Status
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.world import World, world_of

ANSWER_SECONDS = patient(20)
UNAVAILABLE_SECONDS = 5.0
"""The length of a fault: without a filter some hundred lines are logged in it."""


async def test_the_button_says_in_time_that_kafka_is_away_and_works_when_it_is_back(
    broker: LocalBroker, tmp_path: Path
) -> None:
    async with world_of(broker.bootstrap, tmp_path) as world:
        world.providers([1], compliance_status="Pending")
        await world.load([world.integration, world.record(1)])
        producer = BlockingProducer(world.bootstrap, seconds=patient(8))
        first = _press(world, producer)
        await asyncio.to_thread(broker.stop)
        began = time.monotonic()
        with pytest.raises(KafkaUnavailableError, match="try again when it is back"):
            await asyncio.to_thread(_press, world, producer)
        assert time.monotonic() - began < ANSWER_SECONDS
        command = await asyncio.to_thread(world.command, "sync-all", world.client_id)
        assert command.returncode == 1
        assert "does not answer" in command.stderr
        await asyncio.to_thread(broker.restart)
        second = await asyncio.to_thread(_press, world, producer)
        with TopicReader(world.bootstrap, [SYNC_REQUESTED.name], seconds=patient(30)) as reader:
            requested = [world.codec.decode(SyncRequested, record.value).run_id for record in reader.to_end()]
        assert requested == [first, second]
        async with world.worker():
            assert (await world.settled(second)).counts().by_status == {Status.UPDATED: 1}


async def test_a_worker_goes_on_by_itself_when_kafka_is_back(broker: LocalBroker, tmp_path: Path) -> None:
    async with world_of(broker.bootstrap, tmp_path) as world:
        numbers = range(1, 101)
        world.providers(numbers, compliance_status="Pending")
        await world.load([world.integration, *(world.record(number) for number in numbers)])
        async with world.worker():
            await world.settled(await world.press())
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.restart)
            world.providers(numbers, compliance_status="Pending")
            progress = await world.settled(await world.press(), seconds=90)
        assert progress.counts().by_status == {Status.UPDATED: 100}


async def test_a_worker_logs_one_line_a_minute_while_kafka_is_unavailable(broker: LocalBroker, tmp_path: Path) -> None:
    async with world_of(broker.bootstrap, tmp_path) as world:
        world.providers([1], compliance_status="Pending")
        await world.load([world.integration, world.record(1)])
        await world.start_ready_worker("worker-1")
        log = tmp_path / "worker-1.log"

        def lines(part: str) -> list[str]:
            return [line for line in log.read_text().splitlines() if part in line]

        await asyncio.to_thread(broker.stop)
        began = time.monotonic()
        await eventually_async(lambda: bool(lines("is unavailable since")))
        assert broker.bootstrap in lines("is unavailable since")[0]
        await asyncio.sleep(UNAVAILABLE_SECONDS)
        assert lines("is available again") == []
        await asyncio.to_thread(broker.restart)
        await eventually_async(lambda: bool(lines("is available again")), seconds=60)
        minutes = (time.monotonic() - began) // EVERY_SECONDS
        assert len(lines("is unavailable since")) <= 1 + minutes
        assert len(lines("is available again")) == 1
        assert [line for line in lines("Unable ") if "processors.runtime.kafka_outage" not in line] == []
        assert (await world.settled(await world.press())).counts().by_status == {Status.UPDATED: 1}


def _press(world: World, producer: BlockingProducer) -> str:
    return request_sync(
        world.client_id,
        person="Dana",
        roles={CLIENT_ADMIN},
        integration=world.integration,
        producer=producer,
        codec=world.codec,
    ).run_id
