"""Records of writers whose schemas are not part of this release: without a registry, ``vive.schema`` has them."""

import asyncio
import json
import uuid
from collections.abc import Iterable

import pytest

from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.message import Message
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from schemas.records.sync_run import SyncRequested
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import DEAD_LETTER_HANDLED, INTEGRATION, SCHEMA, VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.known_schemas import key_of
from schemas.wire.partitioning import partition_of
from schemas.wire.record_schema import Schema, fingerprint_of, named_fingerprint, present_schemas, record_schema
from tests.support.other_writer import newer, schema_record, written
from tests.support.slowness import patient
from tests.support.world import ANSWER_SECONDS, World

PARTITIONS = 12


def new_schema(kind: type[Message]) -> Schema:
    """A schema that no other test has: the tests share a Kafka."""
    return newer(kind, f"field_{uuid.uuid4().hex[:8]}")


def by(schema: Schema, record: Message) -> bytes:
    return written(schema, record.model_dump() | {schema["fields"][-1]["name"]: "blue"})


def held(world: World, number: int, **fields: object) -> VendorRecord:
    given = {"payment_hold": True, "hold_reason": "lapsed", "origin": "change", "version": 2}
    return world.record(number, **(given | fields))


async def publish(world: World, *schemas: Schema) -> None:
    for schema in schemas:
        await world.say(SCHEMA.name, *schema_record(schema))


async def say(world: World, schema: Schema, *records: VendorRecord) -> None:
    for record in records:
        await world.say(VENDOR_RECORD.name, record.key.to_bytes(), by(schema, record))


async def records_on(world: World, *topics: str) -> list[ConsumedRecord]:
    def look() -> list[ConsumedRecord]:
        with TopicReader(world.bootstrap, list(topics), seconds=patient(ANSWER_SECONDS)) as reader:
            return list(reader.to_end())

    return await asyncio.to_thread(look)


async def handled(world: World) -> list[DeadLetterHandled]:
    """What became of the client's dead letters."""
    records = await records_on(world, DEAD_LETTER_HANDLED.name)
    own = [record for record in records if (record.key or b"").startswith(world.client_id.encode())]
    return [world.codec.decode(DeadLetterHandled, record.value) for record in own]


async def come(world: World, count: int, what: str) -> None:
    """Wait for so many dead letters of the client, or so many that were handled."""
    async with asyncio.timeout(patient(ANSWER_SECONDS)):
        while len(await (world.dead_letters() if what == "letters" else handled(world))) < count:
            pass


def vendor_numbers(world: World, *, together: bool) -> tuple[int, int]:
    """Two vendors of the client in the same partition, or in different ones."""

    def partition(number: int) -> int:
        return partition_of(VendorKey(world.client_id, f"v{number}").to_bytes(), PARTITIONS)

    return 1, next(number for number in range(2, 1000) if (partition(number) == partition(1)) is together)


def holds(world: World) -> list[int]:
    return [number for number, provider in world.company.providers.items() if provider.on_hold]


async def test_a_record_with_one_more_field_is_read_and_its_hold_is_placed(world: World) -> None:
    world.providers([1])
    schema = new_schema(VendorRecord)
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await publish(world, schema)
        await say(world, schema, held(world, 1))
        await world.vendor_says("v1", Status.UPDATED)
    assert holds(world) == [1]
    assert await world.dead_letters() == []


async def test_a_record_waits_for_its_schema_and_only_later_ones_of_its_key_wait_too(world: World) -> None:
    first, neighbour = vendor_numbers(world, together=True)
    world.providers([first, neighbour])
    schemas = new_schema(VendorRecord), new_schema(VendorRecord)
    await world.load([world.integration, world.record(first), world.record(neighbour)])
    async with world.worker():
        await say(world, schemas[0], held(world, first))
        await say(world, schemas[1], held(world, first, version=3))
        await world.load([held(world, first, payment_hold=False, version=4), held(world, neighbour)])
        await world.vendor_says(f"v{neighbour}", Status.UPDATED)
        assert holds(world) == [neighbour]
        assert await world.outcomes(f"v{first}") == ()
        run = await world.press()
        await publish(world, *schemas)
        progress = await world.settled(run)
    assert progress.counts().settled == 2
    assert holds(world) == [neighbour]
    assert await world.dead_letters() == []


async def test_a_run_of_another_client_goes_on_while_a_record_waits(world: World, world_of_record: World) -> None:
    world.providers([1])
    other = world_of_record
    other.providers(range(1, 30), compliance_status="Pending")
    await world.load([world.integration])
    await other.load([other.integration, *(other.record(number) for number in range(1, 30))])
    schema = new_schema(VendorRecord)
    async with world.worker(), asyncio.timeout(patient(ANSWER_SECONDS)):
        await say(world, schema, held(world, 1))
        waiting = await world.press()
        progress = await other.settled(await other.press())
        assert progress.counts().total == 29
        assert not (await world.until(waiting, lambda run: run.client_id is not None)).done
        await publish(world, schema)
        progress = await world.settled(waiting)
    assert progress.counts().settled == 1
    assert holds(world) == [1]


async def test_a_record_whose_schema_comes_too_late_is_a_dead_letter_that_is_read_again_by_itself(world: World) -> None:
    world.providers([1])
    schema = new_schema(VendorRecord)
    await world.load([world.integration, world.record(1)])
    async with world.worker(schema_wait_seconds=0.5):
        record = held(world, 1)
        await say(world, schema, record)
        await come(world, 1, "letters")
        (letter,) = await world.dead_letters()
        assert (letter.code, letter.value) == ("undecodable", by(schema, record))
        assert fingerprint_of(schema).hex() in letter.reason
        assert holds(world) == []
        await publish(world, schema)
        await world.vendor_says("v1", Status.UPDATED)
        await come(world, 1, "handled")
    assert holds(world) == [1]
    (done,) = await handled(world)
    assert (done.action, done.by, done.note) == (Action.REDRIVEN, "VIVE", "Its schema has become known.")
    assert done.topic == VENDOR_RECORD.name
    assert len(await world.dead_letters()) == 1


async def test_a_schema_that_comes_while_no_worker_runs_is_enough(world: World) -> None:
    world.providers([1])
    schema = new_schema(VendorRecord)
    await world.load([world.integration, world.record(1)])
    async with world.worker(schema_wait_seconds=0.5):
        await say(world, schema, held(world, 1))
        await come(world, 1, "letters")
    await publish(world, schema)
    async with world.worker(schema_wait_seconds=0.5):
        await world.vendor_says("v1", Status.UPDATED)
        await come(world, 1, "handled")
    assert holds(world) == [1]


@pytest.mark.parametrize("last", ["a newer record", "a tombstone"])
async def test_a_dead_letter_that_something_has_replaced_is_not_read_again(world: World, last: str) -> None:
    world.providers([1])
    schema = new_schema(VendorRecord)
    await world.load([world.integration, world.record(1)])
    async with world.worker(schema_wait_seconds=0.5):
        await say(world, schema, held(world, 1))
        await come(world, 1, "letters")
        if last == "a tombstone":
            await world.say(VENDOR_RECORD.name, held(world, 1).key.to_bytes(), None)
        else:
            await world.load([world.record(1, version=3)])
        await publish(world, schema)
        await come(world, 1, "handled")
    (done,) = await handled(world)
    assert (done.action, done.by) == (Action.DISCARDED, "VIVE")
    assert holds(world) == []
    keys = [
        record for record in await records_on(world, VENDOR_RECORD.name) if record.value == by(schema, held(world, 1))
    ]
    assert len(keys) <= 1


async def test_an_integration_with_one_more_field_is_read_before_its_clients_changes_are_judged(world: World) -> None:
    world.providers([1])
    schema = new_schema(Integration)
    value = by(schema, world.integration)
    async with world.worker():
        await world.say(INTEGRATION.name, world.client_id.encode(), value)
        await world.load([held(world, 1)])
        await publish(world, schema)
        await world.vendor_says("v1", Status.UPDATED)
    assert holds(world) == [1]
    assert await world.dead_letters() == []


async def test_lies_on_the_topic_of_schemas_are_left_out_and_their_records_are_dead_letters(world: World) -> None:
    world.providers([1, 2])
    lying, cyclic = new_schema(VendorRecord), new_schema(VendorRecord)
    cyclic["fields"].append({"name": "self", "type": ["null", "VendorRecord"], "default": None})
    ours = key_of(record_schema(VendorRecord.SCHEMA).header[2:])
    await world.load([world.integration, world.record(1), world.record(2)])
    async with world.worker(schema_wait_seconds=0.5):
        await world.say(SCHEMA.name, key_of(fingerprint_of(lying)), schema_record(new_schema(VendorRecord))[1])
        await world.say(SCHEMA.name, ours, schema_record(lying)[1])
        await world.say(SCHEMA.name, b"\xff", b"\x00" * 100)
        await publish(world, cyclic)
        await say(world, lying, held(world, 1))
        await world.load([held(world, 2)])
        await world.vendor_says("v2", Status.UPDATED)
        await come(world, 1, "letters")
    assert holds(world) == [2]
    await publish(world, lying)  # nobody who reads the same Kafka waits for it


async def test_a_row_of_a_newer_release_is_read_and_keeps_what_it_holds(world_alone: World) -> None:
    world = world_alone
    world.providers([1], compliance_status="Pending")
    schema, record = newer(VendorRow, "note"), world.record(1)
    await world.load([world.integration, record])
    async with world.worker():
        await world.settled(await world.press())
    key = record.key.to_bytes()
    (row,) = [world.codec.decode(VendorRow, each.value) for each in (await rows(world, key))[-1:]]
    await publish(world, schema)
    await world.say(VENDOR_TABLE_CHANGELOG.name, key, written(schema, row.model_dump() | {"note": "kept"}))
    async with world.worker():
        await world.load([held(world, 1)])
        await world.vendor_says("v1", Status.UPDATED, times=2)
    newest = (await rows(world, key))[-1]
    assert named_fingerprint(newest.value) == fingerprint_of(schema)
    assert newest.value is not None
    assert b"\x08kept" in newest.value
    shown = await asyncio.to_thread(world.command, "vendor", world.client_id, "v1", "--json")
    assert json.loads(shown.stdout)["row"]["record"]["version"] == 2


async def rows(world: World, key: bytes) -> list[ConsumedRecord]:
    return [record for record in await records_on(world, VENDOR_TABLE_CHANGELOG.name) if record.key == key]


async def test_every_writer_publishes_its_schemas_before_its_first_record(world_alone: World) -> None:
    world = world_alone
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    assert await published(world) == fingerprints([Integration, VendorRecord])
    pressed = await asyncio.to_thread(world.command, "sync-all", world.client_id, "--json")
    assert pressed.returncode == 0, pressed.stderr
    assert await published(world) == fingerprints([Integration, VendorRecord, SyncRequested])
    async with world.worker():
        await world.settled(json.loads(pressed.stdout)["run_id"])
        assert await published(world) == set(present_schemas())
    count = len(await records_on(world, SCHEMA.name))
    async with world.worker():
        pass
    assert len(await records_on(world, SCHEMA.name)) == count


def fingerprints(kinds: Iterable[type[Message]]) -> set[bytes]:
    return {record_schema(kind.SCHEMA).header[2:] for kind in kinds}


async def published(world: World) -> set[bytes]:
    return {bytes.fromhex((record.key or b"").decode()) for record in await records_on(world, SCHEMA.name)}
