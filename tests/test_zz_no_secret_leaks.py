"""Runs last: the password of this test run's sandboxes is nowhere but in the credentials files."""

from pathlib import Path

import pytest

from accounting.vantaca.sandbox import Cut, ErrorAnswer, HtmlPage
from devkit.broker import Broker
from messaging.topic_reader import TopicReader
from schemas.topics import ALL
from tests.support.slowness import patient
from tests.support.world import PASSWORD, World, world_of

SECRET = PASSWORD.encode()


async def test_the_password_is_in_no_log_no_topic_and_no_output(
    kafka: Broker, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, session_log: Path
) -> None:
    async with world_of(kafka.bootstrap, tmp_path) as world:
        await _provoke(world)
    with TopicReader(kafka.bootstrap, [topic.name for topic in ALL], seconds=patient(30)) as reader:
        records = list(reader.to_end())
    assert len(records) > 10
    assert not [record for record in records if SECRET in (record.key or b"") + (record.value or b"")]
    base = tmp_path_factory.getbasetemp()
    files = [path for path in base.rglob("*") if path.is_file()]
    holders = {path for path in files if SECRET in path.read_bytes()}
    assert holders, "the search finds the password where it must be"
    assert {path.suffix for path in holders} == {".json"}, holders
    assert session_log in files


async def _provoke(world: World) -> None:
    """A worker process that logs everything, against a Vantaca that refuses, cuts and answers nonsense."""
    world.providers([1, 2, 3, 4], compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in (1, 2, 3, 4))])
    write = "/write/providerUpdate"
    world.sandbox.faults.put("cut", Cut(calls=1, path=write))
    world.sandbox.faults.put("page", HtmlPage(calls=1, path=write))
    world.sandbox.faults.put("echo", ErrorAnswer(status=400, reason=f"bad pwd={PASSWORD}", calls=1, path=write))
    await world.start_ready_worker("worker", VIVE_SYNC_LOG_LEVEL="DEBUG")
    await world.settled(await world.press())
