"""Topics whose settings are not as declared: refused with the command that fixes them, and fixed by it."""

from messaging.topic_admin import admin_of
from messaging.topic_settings import set_settings
from schemas.topics import SYNC_RUN, VENDOR_SYNC
from tests.support.eventually import eventually, eventually_async
from tests.support.world import World


async def test_a_worker_refuses_settings_that_are_not_as_declared_until_they_are_fixed(world_alone: World) -> None:
    wrong = {SYNC_RUN.name: {"retention.ms": "3600000"}, VENDOR_SYNC.name: {"max.message.bytes": "2048"}}
    set_settings(admin_of(world_alone.bootstrap), wrong)
    eventually(lambda: world_alone.command("topics", "--check").returncode == 1)
    sentences = world_alone.command("topics", "--check").stderr
    assert "Topic vive.sync-run has retention.ms=3600000, declared is 31536000000: set it with" in sentences
    assert "Topic vive.vendor-sync has max.message.bytes=2048, declared is 1048588: set it with" in sentences
    assert "--entity-name vive.sync-run --add-config retention.ms=31536000000" in sentences

    refused = world_alone.start_process("refused", "worker")
    await eventually_async(lambda: refused.poll() is not None, seconds=60)
    assert refused.returncode == 1
    assert "Topic vive.sync-run has retention.ms=3600000" in (world_alone.folder / "refused.log").read_text()

    fixed = world_alone.command("topics", "--fix")
    assert fixed.returncode == 0, fixed.stderr
    assert "Topic vive.sync-run: set retention.ms=31536000000." in fixed.stdout
    assert world_alone.command("topics", "--check").returncode == 0
    await world_alone.start_ready_worker("worker")
