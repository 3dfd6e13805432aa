"""While a schema registry is away, what is written in its format waits: it is no dead letter."""

from messaging.schema_registry import Registry
from schemas.records.outcome import Status
from schemas.topics import VENDOR_RECORD
from schemas.wire.codec import Codec
from tests.support.eventually import eventually_async
from tests.support.registry_server import RegistryServer
from tests.support.world import World


async def test_records_wait_for_the_registry(world_alone: World) -> None:
    world = world_alone
    world.providers([1], compliance_status="Pending")
    with RegistryServer().serving() as server:
        world.codec = Codec(Registry(server.address))
        await world.load([world.integration])
        worker = await world.start_ready_worker("worker", VIVE_SYNC_SCHEMA_REGISTRY=server.address)
        record = world.record(1)
        written = world.codec.encode(record, topic=VENDOR_RECORD.name)
        server.unavailable = True
        await world.say(VENDOR_RECORD.name, record.key.to_bytes(), written)
        await eventually_async(lambda: worker.poll() is not None)
        log = (world.folder / "worker.log").read_text()
        assert worker.returncode == 1
        assert f"The schema registry at {server.address} does not tell: Not now" in log
        assert "Traceback" not in log
        world.start_process("early", "worker", VIVE_SYNC_SCHEMA_REGISTRY=server.address)
        await eventually_async(lambda: world.processes[-1].poll() is not None, seconds=60)
        assert "The schema registry" in (world.folder / "early.log").read_text()
        server.unavailable = False
        await world.start_ready_worker("late", VIVE_SYNC_SCHEMA_REGISTRY=server.address)
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.UPDATED: 1}
        assert await world.dead_letters() == []
