"""Another number of partitions: refused where the records were not moved, and reached by a migration that may be interrupted."""

import asyncio
import subprocess
from collections import Counter

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from messaging.migration import Migration
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import TopicsError, admin_of, check_topics, partition_count, topic_id
from messaging.topic_reader import TopicReader
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.topics import ALL, DEAD_LETTER, INTEGRATION, MOVED, VENDOR_RECORD, VENDOR_SYNC, Topic
from schemas.wire.partitioning import partition_of
from tests.support.eventually import eventually, eventually_async
from tests.support.slowness import patient
from tests.support.world import ANSWER_SECONDS, World

NUMBERS = range(1, 21)
MIGRATE = ("topics", "migrate", "--partitions")


def holds(world: World, version: int, *, placed: bool) -> list[VendorRecord]:
    fields = {"version": version, "payment_hold": placed, "hold_reason": "lapsed" if placed else ""}
    return [world.record(number, origin="change", **fields) for number in NUMBERS]


def reasons(world: World) -> Counter[str]:
    return Counter(world.company.providers[number].on_hold_reason or "" for number in NUMBERS)


async def all_say(world: World, status: Status, *, times: int = 1) -> None:
    for number in NUMBERS:
        await world.vendor_says(f"v{number}", status, times=times)


async def has_ended(process: "subprocess.Popen[bytes]") -> None:
    await eventually_async(lambda: process.poll() is not None, seconds=60)


def raise_partitions(admin: AdminClient, topics: tuple[Topic, ...], count: int) -> None:
    for future in admin.create_partitions([NewPartitions(topic.name, count) for topic in topics]).values():
        future.result()
    eventually(lambda: {partition_count(admin, topic) for topic in topics} == {count})


async def test_all_holds_are_right_after_a_migration(world_alone: World) -> None:
    world = world_alone
    world.providers(NUMBERS)
    await world.load([world.integration, *holds(world, 1, placed=True)])
    async with world.worker():
        await all_say(world, Status.UPDATED)
        refused = await asyncio.to_thread(world.command, *MIGRATE, "24")
        assert refused.returncode == 1
        assert "1 workers run in the consumer group vive-sync: stop all workers" in refused.stderr
        run = await world.press()
        await world.settled(run)
    before = topic_id(admin_of(world.bootstrap), VENDOR_SYNC)

    migrated = await asyncio.to_thread(world.command, *MIGRATE, "24")
    assert migrated.returncode == 0, migrated.stderr
    assert "Set VIVE_SYNC_PARTITIONS=24" in migrated.stdout
    assert topic_id(admin_of(world.bootstrap), VENDOR_SYNC) != before
    checked = world.command("topics", "--check")
    assert checked.returncode == 1
    assert "VIVE_SYNC_PARTITIONS is 12, but not every topic has so many partitions" in checked.stderr
    assert check_topics(admin_of(world.bootstrap), partitions=24) == []
    assert (await world.settled(run)).done

    async with world.worker(partitions=24):
        # A release shows that rows and records are known: VIVE releases only what it remembers to have placed.
        await world.load(holds(world, 2, placed=False))
        await all_say(world, Status.UPDATED, times=2)
        assert reasons(world) == {"Released by VIVE": 20}
        await world.load(holds(world, 3, placed=True))
        await all_say(world, Status.UPDATED, times=3)
        assert reasons(world) == {"[VIVE] lapsed": 20}
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.UNCHANGED: 20}
    assert await world.dead_letters() == []


async def test_raised_partitions_are_refused_until_the_records_are_moved(world_alone: World) -> None:
    world, admin = world_alone, admin_of(world_alone.bootstrap)
    world.providers(NUMBERS)
    await world.load([world.integration, *holds(world, 1, placed=False)])
    async with world.worker():
        assert (await world.settled(await world.press())).done
    raise_partitions(admin, MOVED, 24)
    await world.load(holds(world, 2, placed=True))

    for setting, sentence in (
        ("12", "VIVE_SYNC_PARTITIONS is 12, but not every topic has so many partitions"),
        ("24", "The rows of the vendor table were placed by 12 partitions, but VIVE_SYNC_PARTITIONS is 24"),
    ):
        checked = world.start_process(f"check-{setting}", "topics", "--check", VIVE_SYNC_PARTITIONS=setting)
        worker = world.start_process(f"worker-{setting}", "worker", VIVE_SYNC_PARTITIONS=setting)
        for name, process in (("check", checked), ("worker", worker)):
            await has_ended(process)
            assert process.returncode == 1
            assert sentence in (world.folder / f"{name}-{setting}.log").read_text()
    assert reasons(world) == {"": 20}

    migrated = await asyncio.to_thread(world.command, *MIGRATE, "24")
    assert migrated.returncode == 0, migrated.stderr
    async with world.worker(partitions=24):
        await eventually_async(lambda: reasons(world) == {"[VIVE] lapsed": 20}, seconds=60)
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UNCHANGED: 20}


async def test_partitions_that_are_raised_while_a_worker_runs_end_it(world_alone: World) -> None:
    process = await world_alone.start_ready_worker("running")
    raise_partitions(admin_of(world_alone.bootstrap), MOVED, 24)
    await has_ended(process)
    assert process.returncode == 1
    assert "has 24 partitions now, but VIVE_SYNC_PARTITIONS is 12" in (world_alone.folder / "running.log").read_text()


class Interrupted(Exception):  # noqa: N818 -- it is none of the product's errors
    """A migration ends here."""


def contents(bootstrap: str, topic: Topic) -> Counter[tuple[bytes | None, bytes | None]]:
    with TopicReader(bootstrap, [topic.name], seconds=patient(ANSWER_SECONDS)) as reader:
        return Counter((record.key, record.value) for record in reader.to_end())


@pytest.mark.parametrize("line", [3, len(MOVED) - 1, len(MOVED) + 2])
def test_an_interrupted_migration_goes_on_and_no_record_is_lost(own_kafka: str, line: int) -> None:
    """``line``: the report after which it is interrupted; one a topic when it is copied, and one when it is restored."""
    admin = admin_of(own_kafka)
    keys = [VendorKey("c1", f"v{number}").to_bytes() for number in range(100)]
    records = [OutgoingRecord(topic.name, key, b"value") for topic in (VENDOR_RECORD, INTEGRATION) for key in keys]
    BlockingProducer(own_kafka, seconds=patient(30)).publish(records)
    before = {topic: contents(own_kafka, topic) for topic in (VENDOR_RECORD, INTEGRATION, DEAD_LETTER)}
    wanted = 24 if partition_count(admin, VENDOR_RECORD) != 24 else 7
    reported = []

    def interrupt(text: str) -> None:
        reported.append(text)
        if len(reported) == line + 1:
            raise Interrupted

    with pytest.raises(Interrupted):
        Migration(own_kafka, partitions=wanted, report=interrupt).run()
    (sentence,) = check_topics(admin, partitions=wanted)
    assert sentence.startswith("A migration of the topics to another number of partitions is not complete")
    with pytest.raises(TopicsError, match=f"complete it with `vive-sync topics migrate --partitions {wanted}`"):
        Migration(own_kafka, partitions=wanted + 1).run()
    Migration(own_kafka, partitions=wanted).run()
    assert check_topics(admin, partitions=wanted) == []
    assert {topic: contents(own_kafka, topic) for topic in before} == before
    with TopicReader(own_kafka, [VENDOR_RECORD.name], seconds=patient(ANSWER_SECONDS)) as reader:
        assert all(partition_of(record.key or b"", wanted) == record.partition for record in reader.to_end())


def test_a_migration_that_has_deleted_nothing_can_be_abandoned(own_kafka: str) -> None:
    admin = admin_of(own_kafka)
    partitions = partition_count(admin, VENDOR_RECORD)
    before = {topic: topic_id(admin, topic) for topic in ALL}

    def interrupt(_: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        Migration(own_kafka, partitions=30, report=interrupt).run()
    Migration(own_kafka, partitions=30).abandon()
    eventually(lambda: check_topics(admin, partitions=partitions) == [])
    assert {topic: topic_id(admin, topic) for topic in ALL} == before
    with pytest.raises(TopicsError, match="No migration is under way"):
        Migration(own_kafka, partitions=30).abandon()


def test_records_that_are_not_finished_are_refused_unless_they_may_be_left(own_kafka: str) -> None:
    partitions = partition_count(admin_of(own_kafka), VENDOR_RECORD)
    producer = BlockingProducer(own_kafka, seconds=patient(30))
    producer.publish([OutgoingRecord(VENDOR_SYNC.name, b"c1:v1", b"event")])
    with pytest.raises(TopicsError, match=r"1 records of vive\.vendor-sync are not finished"):
        Migration(own_kafka, partitions=partitions).run()
    Migration(own_kafka, partitions=partitions).run(leave_unfinished=True)
    assert contents(own_kafka, VENDOR_SYNC) == {(b"c1:v1", b"event"): 1}
