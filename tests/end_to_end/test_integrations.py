"""The integration in force decides what is written: an unreadable one, two copies, and one that comes after the changes."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounting.vantaca.sandbox import Latency
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import admin_of, partition_count
from messaging.topic_offsets import TopicOffsets
from processors.config import WorkerConfig
from schemas.records.integration import Integration, Mode
from schemas.records.outcome import Status
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import VendorSync
from schemas.topics import INTEGRATION, VENDOR_RECORD, VENDOR_SYNC
from schemas.wire.partitioning import partition_of
from tests.end_to_end.test_new_clients import hold
from tests.support.eventually import eventually_async
from tests.support.product_topics import messages_of
from tests.support.slowness import patient
from tests.support.topics import committed
from tests.support.world import ANSWER_SECONDS, World

GARBAGE = b"\x00\x01 not a record"


def later(world: World, *, minutes: int = 1, **fields: object) -> Integration:
    """The client's integration, updated so many minutes later."""
    at = world.integration.updated_at + timedelta(minutes=minutes)
    return Integration.model_validate(world.integration.model_dump() | {"updated_at": at} | fields)


async def garble(world: World) -> None:
    await world.say(INTEGRATION.name, world.client_id.encode(), GARBAGE)


async def refusal_of(world: World, run_id: str) -> str | None:
    return (await world.until(run_id, lambda progress: progress.refusal is not None)).refusal


async def is_synced(world: World, run_id: str) -> None:
    progress = await world.settled(run_id)
    assert (progress.refusal, progress.counts().by_status) == (None, {Status.UNCHANGED: 1})


async def events_of(world: World) -> list[VendorSync]:
    return await asyncio.to_thread(messages_of, world.bootstrap, VENDOR_SYNC, VendorSync, f"{world.client_id}:")


async def test_while_an_integration_cannot_be_read_nothing_is_sent_and_all_goes_on_when_it_can(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
        calls = world.sandbox.call_log.count()
        await garble(world)
        await world.load([hold(world, 1).model_copy(update={"version": 2})])
        parked = await world.vendor_says("v1", Status.PARKED)
        refused = await refusal_of(world, await world.press())
        command = await asyncio.to_thread(world.command, "sync-all", world.client_id)
        again = await refusal_of(world, await world.press())
        for reason in (parked.reason, refused, command.stderr.replace("\n", " "), again):
            assert f"The integration record of client {world.client_id} can't be read: " in (reason or "")
            assert "Nothing is sent to Vantaca until it is corrected." in (reason or "")
        assert world.sandbox.call_log.count() == calls
        await world.load([later(world)])
        await world.vendor_says("v1", Status.UPDATED)
    assert world.company.providers[1].on_hold_reason == "[VIVE] lapsed"
    (letter,) = await world.dead_letters()
    assert (letter.topic, letter.code, letter.value) == (INTEGRATION.name, "undecodable", GARBAGE)


async def test_vendors_in_the_queue_and_in_flight_stop_once_the_integration_cannot_be_read(world: World) -> None:
    numbers = range(1, 121)
    world.providers(numbers, compliance_status="Pending")
    narrow = later(world, max_in_flight=4)
    await world.load([narrow, *(world.record(number) for number in numbers)])
    world.sandbox.faults.put("slow", Latency(min_seconds=0.05, max_seconds=0.05))
    async with world.worker() as worker:
        del worker
        run_id = await world.press()
        await eventually_async(lambda: len(world.writes()) >= 5)
        await garble(world)
        progress = await world.settled(run_id)
        written = len(world.writes())
        counts = progress.counts().by_status
        assert counts == {Status.UPDATED: written, Status.PARKED: len(numbers) - written}
        assert counts[Status.PARKED] > 0
        await world.load([later(world, minutes=2, max_in_flight=32)])
        await eventually_async(lambda: len(world.writes()) == len(numbers), seconds=60)
    assert len(set(world.writes())) == len(numbers)


async def test_vendors_that_wait_for_an_unreadable_integration_are_skipped_when_it_ends(world: World) -> None:
    world.providers([1])
    await world.load([world.integration])
    async with world.worker():
        await garble(world)
        await world.load([hold(world, 1)])
        await world.vendor_says("v1", Status.PARKED)
        await world.say(INTEGRATION.name, world.client_id.encode(), None)
        skipped = await world.vendor_says("v1", Status.SKIPPED)
    assert "has no accounting integration" in (skipped.reason or "")
    assert world.sandbox.call_log.count() == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"%s", b""),
        (b"%s", bytes(range(256))),
        (b"%s", b"text " * 26_215),
        (b"%s \xff\xfe", GARBAGE),
        (b"%s:v1", GARBAGE),
    ],
    ids=["empty", "bytes", "128 KiB of text", "no UTF-8", "vendor key"],
)
async def test_whatever_lies_on_the_topic_of_integrations_is_a_dead_letter_and_others_go_on(
    world: World, key: bytes, value: bytes
) -> None:
    world.providers([1], compliance_status="Pending")
    other = f"{world.client_id}-other".encode()
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.say(INTEGRATION.name, key.replace(b"%s", other), value)
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1}
    assert [letter.topic for letter in await world.dead_letters()] == [INTEGRATION.name]


async def publish_foreign(world: World, integration: Integration | None) -> None:
    """Publish it on a partition that its key does not belong to."""
    key, count = world.client_id.encode(), partition_count(admin_of(world.bootstrap), INTEGRATION)
    foreign = (partition_of(key, count) + 1) % count
    value = None if integration is None else world.codec.encode(integration, topic=INTEGRATION.name)
    producer = BlockingProducer(world.bootstrap, seconds=patient(ANSWER_SECONDS))
    await asyncio.to_thread(producer.publish, [OutgoingRecord(INTEGRATION.name, key, value, foreign)])


async def test_of_two_copies_of_an_integration_the_later_one_is_in_force(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await publish_foreign(world, later(world, minutes=-1, mode=Mode.ONE_WAY))
        await is_synced(world, await world.press())
        await publish_foreign(world, later(world, minutes=2, mode=Mode.ONE_WAY))
        assert "is one-way" in (await refusal_of(world, await world.press()) or "")
        await publish_foreign(world, None)
        await is_synced(world, await world.press())
        await publish_foreign(world, later(world, minutes=2))
        await world.say(INTEGRATION.name, world.client_id.encode(), None)
        assert "has no accounting integration" in (await refusal_of(world, await world.press()) or "")


async def test_an_unknown_field_group_is_left_out_and_the_others_are_pushed(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    integration = later(world, pushes=("phone_number", "status"))
    await world.load([integration, world.record(1)])
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1}
    assert await world.dead_letters() == []


async def record_is_judged(world: World, vendor_id: str) -> None:
    """The vendor's newest record is acknowledged, so its change is judged."""
    key, count = f"{world.client_id}:{vendor_id}".encode(), partition_count(admin_of(world.bootstrap), VENDOR_RECORD)
    place = VENDOR_RECORD.name, partition_of(key, count)
    end = TopicOffsets(world.bootstrap, seconds=patient(ANSWER_SECONDS)).ends([place])[place]
    async with asyncio.timeout(patient(ANSWER_SECONDS)):
        while (await asyncio.to_thread(committed, world.bootstrap, WorkerConfig.group, *place) or 0) < end:
            pass


def postponed(world: World) -> list[VendorRecord]:
    """A hold that is synced by itself, and a snapshot that waits for a press."""
    return [hold(world, 1), world.record(2, payment_hold=True)]


async def test_a_change_that_is_read_before_its_integration_is_on_the_topic_is_synced_when_it_is(world: World) -> None:
    world.providers([1, 2])
    async with world.worker():
        await world.load(postponed(world))
        await record_is_judged(world, "v1")
        await record_is_judged(world, "v2")
        await world.load([world.integration])
        await world.vendor_says("v1", Status.UPDATED)
    assert [world.company.providers[number].on_hold for number in (1, 2)] == [True, False]
    async with world.worker():
        await world.settled(await world.press(("v2",)))
    events = {(event.vendor_id, event.cause) for event in await events_of(world)}
    assert events == {("v1", "vendor_changed"), ("v2", "sync_all")}


async def test_a_worker_that_starts_after_the_integration_came_syncs_the_changes_before_it_once(world: World) -> None:
    world.providers([1, 2])
    async with world.worker():
        await world.load(postponed(world))
        await record_is_judged(world, "v1")
        await record_is_judged(world, "v2")
    await world.load([world.integration])
    for _ in range(2):
        async with world.worker():
            await world.vendor_says("v1", Status.UPDATED)
            await world.settled(await world.press(("v2",)))
    assert [event.vendor_id for event in await events_of(world) if event.cause == "vendor_changed"] == ["v1"]
    assert world.writes().count("1") == 1


Unfit = Callable[[World], Integration]


@pytest.mark.parametrize(
    "unfit",
    [
        pytest.param(lambda world: later(world, mode=Mode.ONE_WAY), id="one-way"),
        pytest.param(lambda world: later(world, ended_at=world.integration.updated_at), id="ended"),
    ],
)
async def test_a_change_at_a_client_that_cannot_be_synced_is_synced_when_it_can(world: World, unfit: Unfit) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
        await world.load([unfit(world)])
        assert await refusal_of(world, await world.press()) is not None
        await world.load([hold(world, 1).model_copy(update={"version": 2})])
        await record_is_judged(world, "v1")
        await world.load([later(world, minutes=3)])
        await world.vendor_says("v1", Status.UPDATED)
    assert world.company.providers[1].on_hold_reason == "[VIVE] lapsed"
