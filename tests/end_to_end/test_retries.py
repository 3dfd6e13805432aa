"""A passing trouble passes: the vendor is tried again, at once and later, also by another worker."""

from datetime import UTC, datetime, timedelta

from accounting.vantaca.sandbox import ErrorAnswer
from schemas.records.outcome import Status
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_TABLE_CHANGELOG
from tests.support.world import UPDATE, World


async def test_a_passing_trouble_is_over_within_the_run(world: World) -> None:
    world.providers([1, 2, 3], compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in (1, 2, 3))])
    world.sandbox.faults.put("trouble", ErrorAnswer(status=503, calls=2, path=UPDATE))
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UPDATED: 3}
    assert {outcome.attempt for outcome in progress.answers.values()} >= {1}
    assert len(world.writes()) == 5


async def test_a_row_that_is_due_is_tried_again_by_whichever_worker_has_it(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    record = world.record(1)
    await world.load([world.integration])
    row = VendorRow(
        record=record, status=Status.FAILED, attempts=1, next_attempt_at=datetime.now(UTC) - timedelta(hours=1)
    )
    await world.say(
        VENDOR_TABLE_CHANGELOG.name, record.key.to_bytes(), world.codec.encode(row, topic=VENDOR_TABLE_CHANGELOG.name)
    )
    async with world.worker():
        outcome = await world.vendor_says("v1", Status.UPDATED)
    assert outcome.cause == "retry"
    assert world.company.providers[1].compliance_status == "Approved"
