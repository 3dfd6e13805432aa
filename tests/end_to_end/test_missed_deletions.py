"""A vendor that was deleted while no worker ran, and whose tombstone Kafka has removed since, is not synced any more."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from faust.types import TP

from messaging.topic_admin import admin_of, create_topics, topic_id
from messaging.topic_reader import TopicReader
from processors.clock import Clock, system_clock
from processors.runtime.worker import Worker
from processors.transport.topic_ends import TopicEnds
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import APP_ID, DEFAULT_PARTITIONS, VENDOR_RECORD, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import partition_of
from tests.support.committed import Commit, until_commit
from tests.support.eventually import eventually, eventually_async
from tests.support.lost_records import lose_records
from tests.support.slowness import patient
from tests.support.world import World

MONTH = timedelta(days=40)
BY_HAND = "Suspended by Maria"


def clock_of(shift: Callable[[], timedelta]) -> Clock:
    """The machine's clocks, with the time of day shifted."""
    clock = system_clock()
    return Clock(now=lambda: datetime.now(UTC) + shift(), monotonic=clock.monotonic, jitter=clock.jitter)


NEXT_MONTH = clock_of(lambda: MONTH)


def partition(world: World, number: int) -> int:
    return partition_of(world.record(number).key.to_bytes(), DEFAULT_PARTITIONS)


async def committed(world: World, holds: Callable[[Commit], bool] = lambda _commit: True) -> Commit:
    """What is committed of the partition of vendor 1's records, once this holds."""
    return await until_commit(world.bootstrap, VENDOR_RECORD, partition(world, 1), holds)


def holds_record(world: World, number: int) -> bool:
    """Whether the vendor's newest row holds a record."""
    key = world.record(number).key.to_bytes()
    with TopicReader(world.bootstrap, [VENDOR_TABLE_CHANGELOG.name], partition=partition(world, number)) as reader:
        rows = [record.value for record in reader.to_end() if record.key == key]
    assert rows[-1] is not None
    return world.codec.decode(VendorRow, rows[-1]).record is not None


def status_of(world: World, number: int) -> str:
    return world.company.providers[number].compliance_status


def suspend_by_hand(world: World, number: int) -> None:
    world.company.put(world.company.providers[number].model_copy(update={"compliance_status": BY_HAND}))


def mates(world: World, count: int) -> list[int]:
    """The numbers of vendors whose records are on the partition of vendor 1, which is the first of them."""
    here = [number for number in range(1, 2000) if partition(world, number) == partition(world, 1)]
    return here[:count]


async def lose(world: World, number: int, *, count: int = 1) -> None:
    """The first ``count`` records of the vendor's partition vanish."""
    await asyncio.to_thread(lose_records, world.bootstrap, VENDOR_RECORD, partition(world, number), before=count)


@pytest.fixture
async def deleted(world_alone: World) -> World:
    """Vendors 1 and another on its partition were synced; then no worker ran, and vendor 1's record has vanished."""
    world = world_alone
    both = mates(world, 2)
    world.providers(both, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in both)])
    async with world.worker():
        await world.settled(await world.press())
    assert status_of(world, 1) == "Approved"
    suspend_by_hand(world, 1)
    world.providers(both[1:], compliance_status="Pending")
    await lose(world, 1)
    return world


async def is_forgotten(world: World, number: int) -> None:
    await eventually_async(lambda: not holds_record(world, number), seconds=30)


@asynccontextmanager
async def idle_worker(world: World, clock: Clock) -> AsyncIterator[Worker]:
    """A worker that commits often."""
    async with world.worker(clock=clock, commit_interval=0.2) as worker:
        yield worker


async def test_a_vendor_whose_deletion_was_missed_is_not_synced_after_a_month(deleted: World) -> None:
    other = mates(deleted, 2)[1]
    run_id = await deleted.press()
    async with deleted.worker(clock=NEXT_MONTH):
        await deleted.settled(run_id)
        assert (status_of(deleted, 1), status_of(deleted, other)) == (BY_HAND, "Approved")
    assert (holds_record(deleted, 1), holds_record(deleted, other)) == (False, True)


async def test_nor_by_an_event_that_waited_for_the_worker(deleted: World) -> None:
    event = VendorSync(
        client_id=deleted.client_id,
        vendor_id="v1",
        lane=Lane.LIVE,
        cause=Cause.VENDOR_CHANGED,
        requested_by="VIVE",
        requested_at=datetime.now(UTC),
    )
    await deleted.say(VENDOR_SYNC.name, event.key.to_bytes(), deleted.codec.encode(event, topic=VENDOR_SYNC.name))
    async with deleted.worker(clock=NEXT_MONTH):
        skipped = await deleted.vendor_says("v1", Status.SKIPPED)
    assert skipped.reason == "VIVE has no data on vendor v1 any more."
    assert status_of(deleted, 1) == BY_HAND


async def test_a_worker_that_was_away_for_less_does_not_read_again(
    deleted: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with deleted.worker(clock=clock_of(lambda: timedelta(days=28))):
        await deleted.settled(await deleted.press())
    assert holds_record(deleted, 1)
    assert "read again" not in caplog.text


async def test_records_that_were_handled_before_are_not_judged_again(deleted: World) -> None:
    """This change would be a dead letter once more."""
    third = mates(deleted, 3)[2]
    await deleted.load([deleted.record(third, origin=Origin.CHANGE, compliant=False)])
    async with deleted.worker():
        await deleted.vendor_says(f"v{third}", Status.MISSING)
    letters = await deleted.dead_letters()
    async with deleted.worker(clock=NEXT_MONTH):
        await is_forgotten(deleted, 1)
        await deleted.settled(await deleted.press(vendor_ids=(f"v{mates(deleted, 2)[1]}",)))
    assert len(letters) == 1
    assert await deleted.dead_letters() == letters


async def test_rows_without_a_position_are_compared_with_the_topic(deleted: World) -> None:
    admin = admin_of(deleted.bootstrap)
    (gone,) = admin.delete_consumer_groups([APP_ID], request_timeout=patient(30)).values()
    await asyncio.to_thread(gone.result)
    async with deleted.worker():
        await deleted.settled(await deleted.press())
    assert status_of(deleted, 1) == BY_HAND
    assert not holds_record(deleted, 1)


async def test_a_stop_in_the_middle_begins_again(deleted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await committed(deleted)
    end = TopicEnds.end

    async def never(self: TopicEnds, tp: TP) -> int:
        if tp.topic == VENDOR_RECORD.name:
            await asyncio.Event().wait()
        return await end(self, tp)

    with monkeypatch.context() as patched:
        patched.setattr(TopicEnds, "end", never)
        async with idle_worker(deleted, NEXT_MONTH):
            await deleted.load([deleted.record(mates(deleted, 2)[1], version=2)])
            after = await committed(deleted, lambda found: found != before)
    assert after == before._replace(offset=before.offset + 1)
    async with deleted.worker(clock=NEXT_MONTH):
        await is_forgotten(deleted, 1)


def is_later(commit: Commit, distance: timedelta) -> bool:
    return commit.at is not None and commit.at - datetime.now(UTC) > distance


async def test_after_it_was_read_again_a_partition_has_a_young_position(deleted: World) -> None:
    async with idle_worker(deleted, NEXT_MONTH):
        await is_forgotten(deleted, 1)
        found = await committed(deleted, lambda found: is_later(found, MONTH / 2))
    assert found.offset == 2


async def test_a_commit_carries_its_time_and_the_id_of_the_topic(world_alone: World) -> None:
    began = datetime.now(UTC)
    await world_alone.load([world_alone.integration, world_alone.record(1)])
    async with idle_worker(world_alone, system_clock()):
        found = await committed(world_alone)
    assert found.at is not None
    assert began <= found.at <= datetime.now(UTC)
    assert found.topic_id == topic_id(admin_of(world_alone.bootstrap), VENDOR_RECORD)


async def test_an_idle_partition_is_committed_again_after_a_day(world_alone: World) -> None:
    shift = [timedelta(0)]
    await world_alone.load([world_alone.integration, world_alone.record(1)])
    async with idle_worker(world_alone, clock_of(lambda: shift[0])):
        before = await committed(world_alone)
        shift[0] = timedelta(days=2)
        after = await committed(world_alone, lambda found: found != before)
    assert after.offset == before.offset
    assert is_later(after, timedelta(days=1))


def recreate_vendor_records(world: World) -> None:
    admin = admin_of(world.bootstrap)
    admin.delete_topics([VENDOR_RECORD.name])[VENDOR_RECORD.name].result(patient(30))
    eventually(lambda: VENDOR_RECORD.name not in admin.list_topics(timeout=patient(10)).topics)
    create_topics(admin)


def unconfirmed(world: World) -> list[str]:
    """The reasons of the dead letters about vendors that are missing."""
    listed = json.loads(world.command("dead-letters", "list", "--code", "unconfirmed_deletions", "--json").stdout)
    return [letter["reason"] for letter in listed["letters"]]


async def test_on_a_topic_that_was_created_anew_nothing_is_deleted_until_a_person_decides(
    deleted: World, caplog: pytest.LogCaptureFixture
) -> None:
    other = mates(deleted, 2)[1]
    await asyncio.to_thread(recreate_vendor_records, deleted)
    present = topic_id(admin_of(deleted.bootstrap), VENDOR_RECORD)
    await deleted.load([deleted.record(other)])
    for _ in range(2):
        async with idle_worker(deleted, system_clock()):
            await deleted.settled(await deleted.press(vendor_ids=(f"v{other}",)))
            await committed(deleted, lambda found: found.topic_id == present)
    assert holds_record(deleted, 1)
    assert caplog.text.count("vive-sync table missing --delete") == 1
    (reason,) = await asyncio.to_thread(unconfirmed, deleted)
    assert "the topic was created anew" in reason, "Kafka forgets the positions of a topic that is deleted"
    listed = await asyncio.to_thread(deleted.command, "table", "missing")
    assert listed.returncode == 1
    assert listed.stdout.startswith(f"{VendorKey(deleted.client_id, 'v1')} (partition {partition(deleted, 1)})")
    assert len(listed.stdout.splitlines()) == 1
    async with deleted.worker():
        done = await asyncio.to_thread(deleted.command, "table", "missing", "--delete", "--yes", "--json")
        assert json.loads(done.stdout)["deleted"]
        await is_forgotten(deleted, 1)
    assert holds_record(deleted, other)
    assert (await asyncio.to_thread(deleted.command, "table", "missing")).returncode == 0


async def test_many_vendors_of_a_partition_are_kept_until_a_person_decides(world_alone: World) -> None:
    world = world_alone
    those = mates(world, 13)
    world.providers(those)
    await world.load([world.integration, *(world.record(number) for number in those)])
    async with idle_worker(world, system_clock()):
        await world.settled(await world.press())
    await lose(world, 1, count=11)
    async with world.worker(clock=NEXT_MONTH):
        await world.settled(await world.press())
    assert [number for number in those if not holds_record(world, number)] == []
    (reason,) = await asyncio.to_thread(unconfirmed, world)
    assert "11 vendors" in reason
    async with world.worker(clock=clock_of(lambda: 2 * MONTH)):
        await world.settled(await world.press())
    assert len(await asyncio.to_thread(unconfirmed, world)) == 2
