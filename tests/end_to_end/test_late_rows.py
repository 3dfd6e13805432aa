"""Rows of a former owner that reach the changelog late: compaction must not keep them in place of the owner's."""

import asyncio

import pytest

from messaging.topic_reader import TopicReader
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import DEFAULT_PARTITIONS, VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import partition_of
from schemas.wire.row_epoch import FIRST
from tests.support.eventually import eventually_async
from tests.support.topics import produce
from tests.support.world import World


def newest_row(world: World, key: VendorKey) -> VendorRow | None:
    partition = partition_of(key.to_bytes(), DEFAULT_PARTITIONS)
    with TopicReader(world.bootstrap, [VENDOR_TABLE_CHANGELOG.name], partition=partition) as reader:
        rows = [record.value for record in reader.to_end() if record.key == key.to_bytes()]
    return world.codec.decode(VendorRow, rows[-1]) if rows and rows[-1] else None


def write_late(world: World, record: VendorRecord) -> None:
    """What a worker that was stopped before it synced the vendor still had in its producer."""
    key = record.key.to_bytes()
    row = world.codec.encode(VendorRow(record=record), topic=VENDOR_TABLE_CHANGELOG.name)
    partition = partition_of(key, DEFAULT_PARTITIONS)
    produce(world.bootstrap, VENDOR_TABLE_CHANGELOG.name, [(key, row)], partition=partition, headers=FIRST.headers())


async def test_the_owner_writes_its_row_again_behind_a_late_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.state.late_rows.CHECK_SECONDS", 0.2)
    world.providers([1], compliance_status="Pending")
    record = world.record(1)
    await world.load([world.integration, record])
    async with world.worker():
        await world.settled(await world.press())
        settled = await asyncio.to_thread(newest_row, world, record.key)
        assert settled is not None
        assert settled.status == Status.UPDATED
        await asyncio.to_thread(write_late, world, record)
        await eventually_async(lambda: newest_row(world, record.key) == settled)


async def test_so_it_does_where_it_has_written_another_row_since(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    partition = partition_of(world.record(1).key.to_bytes(), DEFAULT_PARTITIONS)
    other = next(
        number
        for number in range(2, 1000)
        if partition_of(world.record(number).key.to_bytes(), DEFAULT_PARTITIONS) == partition
    )
    world.providers([1, other], compliance_status="Pending")
    record, another = world.record(1), world.record(other)
    await world.load([world.integration, record, another])
    async with world.worker():
        await world.settled(await world.press())
        settled = await asyncio.to_thread(newest_row, world, record.key)
        await asyncio.to_thread(write_late, world, record)
        await world.load([world.record(other, version=2, compliant=False, origin="change")])
        await world.vendor_says(f"v{other}", Status.UPDATED, times=2)
        monkeypatch.setattr("processors.state.late_rows.CHECK_SECONDS", 0.2)
        await eventually_async(lambda: newest_row(world, record.key) == settled, seconds=20)


async def test_the_next_owner_recovers_the_row_of_the_last_one_and_writes_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.state.late_rows.CHECK_SECONDS", 0.2)
    world.providers([1], compliance_status="Pending")
    record = world.record(1)
    await world.load([world.integration, record])
    async with world.worker():
        await world.settled(await world.press())
    settled = await asyncio.to_thread(newest_row, world, record.key)
    await asyncio.to_thread(write_late, world, record)
    async with world.worker():
        await eventually_async(lambda: newest_row(world, record.key) == settled)
