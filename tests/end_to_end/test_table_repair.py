"""A poisoned changelog record stops workers, is reported, and is repaired by a command."""

from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_admin import admin_of, partition_count
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import partition_of
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.world import World


async def test_a_row_that_cannot_be_read_stops_a_worker_until_it_is_repaired(world_alone: World) -> None:
    world = world_alone
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2)])
    async with world.worker():
        await world.settled(await world.press())
    key = VendorKey(world.client_id, "v1").to_bytes()
    partition = partition_of(key, partition_count(admin_of(world.bootstrap), VENDOR_TABLE_CHANGELOG))
    BlockingProducer(world.bootstrap, seconds=patient(30)).produce_at(
        [OutgoingRecord(VENDOR_TABLE_CHANGELOG.name, key, b"\x00 not a row", partition)]
    )
    checked = world.command("table", "check")
    assert checked.returncode == 1
    assert f"partition {partition} offset" in checked.stdout
    process = world.start_process("poisoned", "worker")
    await eventually_async(lambda: process.poll() is not None, seconds=60)
    assert process.returncode == 1
    log = (world.folder / "poisoned.log").read_text()
    assert f"partition {partition} offset" in log
    assert "vive-sync table repair" in log
    repaired = world.command("table", "repair")
    assert repaired.returncode == 0, repaired.stderr
    assert world.command("table", "check").returncode == 0
    world.company.put(world.company.providers[1].model_copy(update={"compliance_status": "Pending"}))
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 1, Status.UNCHANGED: 1}
