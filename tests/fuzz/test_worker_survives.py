"""A worker lives through whatever is on its topics: good vendors are synced, and what can't be read is kept with its bytes."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from random import Random

from accounting.vantaca.sandbox import CompanySettings, Provider
from messaging.topic_reader import TopicReader
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import Mode
from schemas.records.outcome import Status
from schemas.topics import DEAD_LETTER, INTEGRATION, VENDOR_RECORD
from tests.fuzz.hostile_records import ENEMY, KINDS, Written, hostile, is_dead, too_large, write
from tests.support.slowness import patient
from tests.support.world import PASSWORD, World

SEED = 20260301
OF_A_TOPIC = 60
GOOD = 40


def good(world: World, numbers: range) -> Iterator[Written]:
    for number in numbers:
        record = world.record(number)
        yield Written(VENDOR_RECORD.name, record.key.to_bytes(), world.codec.encode(record, topic=VENDOR_RECORD.name))


def integrations(world: World) -> Iterator[Written]:
    """That of the world's client, and one of the enemy's own, so that what can be read of its vendors is worked to the end."""
    secret = {"company": ENEMY, "login": "vive", "password": PASSWORD}
    (world.folder / f"{ENEMY}.json").write_text(json.dumps(secret))
    world.sandbox.add_company(CompanySettings(company=ENEMY, login="vive", pwd=PASSWORD))
    world.sandbox.companies[ENEMY].put(Provider(provider_id=4711, name="Nobody"))
    changes = {"client_id": ENEMY, "credentials_ref": ENEMY, "mode": Mode.SYSTEM_OF_RECORD}
    for integration in (world.integration, world.integration.model_copy(update=changes)):
        value = world.codec.encode(integration, topic=INTEGRATION.name)
        yield Written(INTEGRATION.name, integration.client_id.encode(), value)


def mixed(random: Random, world: World, numbers: range) -> Iterator[Written]:
    """Hostile records on all topics, and good vendors here and there among them."""
    bad = [record for topic in KINDS for record in hostile(random, topic, count=OF_A_TOPIC)]
    random.shuffle(bad)
    step = len(bad) // len(numbers)
    for number, record in zip(itertools.count(), good(world, numbers), strict=False):
        yield from bad[number * step : (number + 1) * step]
        yield record
    yield from bad[len(numbers) * step :]


def letters_of(world: World) -> list[DeadLetter]:
    with TopicReader(world.bootstrap, [DEAD_LETTER.name], seconds=patient(30)) as reader:
        return [world.codec.decode(DeadLetter, record.value) for record in reader.to_end()]


def place(one: Written | DeadLetter) -> tuple[str, int, int]:
    return one.topic, one.partition, one.offset


def kept(letters: list[DeadLetter]) -> set[Written]:
    """The records of which there are letters, because they can't be read."""
    unread = [one for one in letters if one.code in {"undecodable", "invalid"}]
    return {Written(one.topic, one.key, one.value, one.partition, one.offset) for one in unread}


async def all_kept(world: World, expected: set[Written], *, seconds: float = 30.0) -> None:
    """Wait until there are letters of all of these, and make sure that there are of no others."""
    deadline = time.monotonic() + patient(seconds)
    while missing := expected - (found := kept(await asyncio.to_thread(letters_of, world))):
        assert time.monotonic() < deadline, f"{len(missing)} have no dead letter, such as {next(iter(missing))}"
    assert found == expected


async def test_hundreds_of_hostile_records_on_every_topic_stop_nobody(world_alone: World) -> None:
    world, random = world_alone, Random(SEED)  # noqa: S311 -- it is to be the same each time
    world.providers(range(1, GOOD + 1), compliance_status="Pending")
    first, second = range(1, GOOD // 2 + 1), range(GOOD // 2 + 1, GOOD + 1)
    records = itertools.chain(integrations(world), mixed(random, world, first))
    before = await asyncio.to_thread(write, world.bootstrap, records)
    async with world.worker(schema_wait_seconds=1.0):
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.UPDATED: len(first)}
        during = await asyncio.to_thread(write, world.bootstrap, mixed(random, world, second))
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.UPDATED: len(second), Status.UNCHANGED: len(first)}
        expected = {record for record in before + during if is_dead(record)}
        assert len(expected) > 300
        assert {record.topic for record in expected} == set(KINDS)
        await all_kept(world, expected)


async def test_records_too_large_to_be_told_of_stop_nobody(world_alone: World) -> None:
    """A process of its own, for one that waits without end as it starts could not be stopped in this one."""
    world = world_alone
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    written = await asyncio.to_thread(write, world.bootstrap, too_large(world.client_id))
    unread = {place(one) for one in written if is_dead(one)}
    worker, log = world.start_process("worker", "worker"), world.folder / "worker.log"
    await world.press(("v1",))
    deadline = time.monotonic() + patient(30)
    while True:
        assert worker.poll() is None
        assert "The worker stops" not in log.read_text()
        assert time.monotonic() < deadline
        told = {place(letter) for letter in await asyncio.to_thread(letters_of, world)}
        if unread <= told and any(outcome.status is Status.UPDATED for outcome in await world.outcomes("v1")):
            return
