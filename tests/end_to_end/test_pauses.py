"""A client whose credentials are refused waits as a whole, costs one probe a second, and goes on by itself."""

import time

from accounting.vantaca.sandbox import ErrorAnswer
from processors.vendor_sync.client_pauses import PROBE_SECONDS
from schemas.records.outcome import Status
from tests.support.eventually import eventually_async
from tests.support.world import World


async def test_refused_credentials_park_all_vendors_and_all_go_on_when_they_are_accepted(world: World) -> None:
    numbers = range(1, 201)
    world.providers(numbers, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in numbers)])
    world.sandbox.faults.put("refused", ErrorAnswer(status=403, reason="Authentication failed"))
    async with world.worker():
        began = time.monotonic()
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.PARKED: 200}
        refused = world.sandbox.call_log.count()
        assert refused < 2 * world.integration.max_in_flight + 10 + (time.monotonic() - began) / PROBE_SECONDS
        again = await world.settled(await world.press())
        assert again.counts().by_status == {Status.PARKED: 200}
        world.sandbox.faults.remove("refused")
        await eventually_async(lambda: len(world.writes()) == 200, seconds=30)
        for vendor_id in ("v1", "v200"):
            outcome = await world.vendor_says(vendor_id, Status.UPDATED)
            assert outcome.cause == "retry"
    assert {provider.compliance_status for provider in world.company.providers.values()} == {"Approved"}
    assert await world.dead_letters() == []


async def test_a_pause_outlives_the_worker_that_made_it(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    world.sandbox.faults.put("refused", ErrorAnswer(status=403, reason="Authentication failed"))
    async with world.worker():
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.PARKED: 1}
    world.sandbox.faults.clear()
    async with world.worker():
        await world.vendor_says("v1", Status.UPDATED)
