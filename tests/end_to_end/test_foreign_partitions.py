"""Records on a partition that their key does not belong to, as librdkafka's default partitioner writes them."""

import asyncio

from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import admin_of, partition_count
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.message import Message
from schemas.records.dead_letter import DeadLetter
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import VENDOR_RECORD, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG, Topic
from schemas.wire.partitioning import is_forwarded, partition_of
from tests.support.slowness import patient
from tests.support.world import ANSWER_SECONDS, World


class Misplaced:
    """Writes records of one vendor to a partition that is not the one of its key."""

    def __init__(self, world: World, vendor_id: str) -> None:
        self.world = world
        self.vendor_id = vendor_id
        self.key = VendorKey(world.client_id, vendor_id).to_bytes()
        partitions = partition_count(admin_of(world.bootstrap), VENDOR_RECORD)
        self.own = partition_of(self.key, partitions)
        self.foreign = (self.own + 1) % partitions

    async def write(self, topic: Topic, message: Message | bytes | None) -> None:
        value = self.world.codec.encode(message, topic=topic.name) if isinstance(message, Message) else message
        record = OutgoingRecord(topic.name, self.key, value, self.foreign)
        producer = BlockingProducer(self.world.bootstrap, seconds=patient(ANSWER_SECONDS))
        await asyncio.to_thread(producer.publish, [record])

    async def reported(self) -> DeadLetter:
        """The dead letter, once it is there."""
        async with asyncio.timeout(patient(30)):
            while not (letters := await self.world.dead_letters()):
                pass
        return letters[0]


def held(world: World, version: int, *, hold: bool, origin: str = "change") -> VendorRecord:
    return world.record(1, version=version, payment_hold=hold, hold_reason="lapsed" if hold else "", origin=origin)


def reason(world: World) -> str | None:
    return world.company.providers[1].on_hold_reason


async def test_an_older_copy_on_a_foreign_partition_releases_no_hold(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1])
    await world.load([world.integration, held(world, 2, hold=True)])
    async with world.worker():
        await world.vendor_says("v1", Status.UPDATED)
        await misplaced.write(VENDOR_RECORD, held(world, 1, hold=False))
        letter = await misplaced.reported()
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UNCHANGED: 1}
    assert reason(world) == "[VIVE] lapsed"
    assert letter.code == "foreign_partition"
    assert f"is on partition {misplaced.foreign} of vive.vendor-record" in letter.reason
    assert f"its key belongs to partition {misplaced.own} of" in letter.reason
    assert "partitioner=murmur2_random" in letter.reason


async def test_a_newer_record_on_a_foreign_partition_is_used(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1])
    await world.load([world.integration, held(world, 1, hold=False)])
    async with world.worker():
        await misplaced.write(VENDOR_RECORD, held(world, 2, hold=True))
        await world.vendor_says("v1", Status.UPDATED)
        progress = await world.settled(await world.press())
    assert progress.counts().total == 1
    assert reason(world) == "[VIVE] lapsed"


async def test_bytes_on_a_foreign_partition_end_as_dead_letters_of_both_places(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    async with world.worker():
        await misplaced.write(VENDOR_RECORD, b"garbage")
        async with asyncio.timeout(patient(30)):
            while len(letters := await world.dead_letters()) < 2:
                pass
    assert {(letter.code, letter.partition) for letter in letters} == {
        ("foreign_partition", misplaced.foreign),
        ("undecodable", misplaced.own),
    }


async def test_a_tombstone_on_a_foreign_partition_deletes_no_vendor(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, held(world, 1, hold=False, origin="snapshot")])
    async with world.worker():
        await misplaced.write(VENDOR_RECORD, None)
        letter = await misplaced.reported()
        progress = await world.settled(await world.press())
    assert (letter.code, letter.value) == ("foreign_partition", None)
    assert progress.counts().by_status == {Status.UPDATED: 1}


async def test_an_older_copy_on_a_foreign_partition_brings_no_deleted_vendor_back(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, held(world, 2, hold=False, origin="snapshot"), world.record(2)])
    await world.say(VENDOR_RECORD.name, misplaced.key, None)
    async with world.worker():
        await world.settled(await world.press())
        await misplaced.write(VENDOR_RECORD, held(world, 2, hold=False))
        await misplaced.reported()
        progress = await world.settled(await world.press())
    assert progress.counts().total == 1
    assert world.writes() == ["2"]
    newest = [record for record in await asyncio.to_thread(own_records, world) if record.key == misplaced.key][-1]
    assert is_forwarded(newest.headers)


def own_records(world: World) -> list[ConsumedRecord]:
    with TopicReader(world.bootstrap, [VENDOR_RECORD.name], own_only=True, seconds=patient(30)) as reader:
        return list(reader.to_end())


async def test_an_event_on_a_foreign_partition_syncs_the_vendor(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, held(world, 1, hold=False, origin="snapshot")])
    event = VendorSync(
        client_id=world.client_id,
        vendor_id="v1",
        lane=Lane.LIVE,
        cause=Cause.REDRIVE,
        requested_by="Dana",
        requested_at=world.integration.updated_at,
    )
    async with world.worker():
        await world.settled(await world.press())
        world.company.put(world.company.providers[1].model_copy(update={"compliance_status": "Pending"}))
        await misplaced.write(VENDOR_SYNC, event)
        await world.vendor_says("v1", Status.UPDATED, times=2)
        letter = await misplaced.reported()
    assert (letter.code, letter.topic) == ("foreign_partition", VENDOR_SYNC.name)


async def test_a_row_on_a_foreign_partition_is_dropped_at_recovery(world: World) -> None:
    misplaced = Misplaced(world, "v1")
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, held(world, 2, hold=True, origin="snapshot")])
    await misplaced.write(VENDOR_TABLE_CHANGELOG, VendorRow(record=held(world, 1, hold=False)))
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().total == 1
    assert len(world.writes()) == 1
    assert reason(world) == "[VIVE] lapsed"
    checked = await asyncio.to_thread(world.command, "table", "check")
    assert checked.returncode == 0, checked.stdout
