"""While Kafka is away nothing is queued and it is said in time; when it is back all goes on by itself."""

import asyncio
import time
from pathlib import Path

import pytest

from devkit.broker import LocalBroker
from producers.button import CLIENT_ADMIN, press
from producers.kafka import KafkaAwayError, KafkaVoice
from producers.topic_reader import TopicReader
from schemas.outcome import Status
from schemas.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from tests.support.slowness import patient
from tests.support.world import World, world_of

ANSWER_SECONDS = patient(20)


async def test_the_button_says_in_time_that_kafka_is_away_and_works_when_it_is_back(
    broker: LocalBroker, tmp_path: Path
) -> None:
    async with world_of(broker.bootstrap, tmp_path) as world:
        world.providers([1], compliance_status="Pending")
        await world.load([world.integration, world.record(1)])
        voice = KafkaVoice(world.bootstrap, seconds=patient(8))
        first = _press(world, voice)
        await asyncio.to_thread(broker.stop)
        began = time.monotonic()
        with pytest.raises(KafkaAwayError, match="try again when it is back"):
            await asyncio.to_thread(_press, world, voice)
        assert time.monotonic() - began < ANSWER_SECONDS
        told = await asyncio.to_thread(world.command, "sync-all", world.client_id)
        assert told.returncode == 1
        assert "does not answer" in told.stderr
        await asyncio.to_thread(broker.restart)
        second = await asyncio.to_thread(_press, world, voice)
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


def _press(world: World, voice: KafkaVoice) -> str:
    return press(
        world.client_id,
        person="Dana",
        roles={CLIENT_ADMIN},
        integration=world.integration,
        voice=voice,
        codec=world.codec,
    ).run_id
