"""What goes wrong with one vendor, as the design's table of failures has it; its other rows have files of their own."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounting.credentials import CredentialsFolder
from accounting.port import Observed, Plan
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.sandbox import Cut, Drop, ErrorAnswer, Fault, Garbage, Hang, HtmlPage, Huge
from processors.clock import Clock
from processors.vendor_sync.retry_policy import ATTEMPTS_IN_MEMORY, RetryPolicy
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.records.vendor_row import Delivered
from tests.support.world import UPDATE, World

AT_ONCE = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, jitter=lambda: 0.0)
"""Without jitter the pauses between attempts in memory are none."""
SOON = RetryPolicy(later=(timedelta(seconds=1),), give_up_after=timedelta(seconds=2))


@pytest.mark.parametrize(
    "fault",
    [
        Hang(path=UPDATE),
        Drop(path=UPDATE),
        Cut(path="/read/"),
        Garbage(path=UPDATE),
        HtmlPage(path=UPDATE),
        Huge(path="/read/"),
        ErrorAnswer(path=UPDATE, status=429, reason="Too Many Requests", retry_after_seconds=0),
        ErrorAnswer(path=UPDATE, status=500, reason="Server Error"),
        ErrorAnswer(path=UPDATE, status=503),
    ],
    ids=lambda fault: f"{fault.kind} {getattr(fault, 'status', '')}".strip(),
)
async def test_timeout_connection_429_and_5xx_are_tried_in_memory_then_later_then_given_up(
    world: World, fault: Fault
) -> None:
    world.providers([1], compliance_status="Pending")
    hasty = world.integration.model_copy(update={"timeout_seconds": 0.2})
    await world.load([hasty, world.record(1)])
    world.sandbox.faults.put("trouble", fault)
    async with world.worker(clock=AT_ONCE, retry=SOON):
        run = await world.press()
        progress = await world.settled(run)
        assert progress.counts().by_status == {Status.FAILED: 1}
        first = progress.answers["v1"]
        assert (first.attempt, first.reason is not None) == (ATTEMPTS_IN_MEMORY, True)
        assert first.next_attempt_at is not None
        await world.vendor_says("v1", Status.FAILED, times=2)
        while not (letters := await world.dead_letters()):
            pass
    assert [(letter.vendor_id, letter.code) for letter in letters] == [("v1", "gave_up")]
    assert world.company.providers[1].compliance_status == "Pending"


async def test_a_400_is_rejected_without_a_retry_and_a_newer_record_tries_again(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    reason = "INVALID STATUS - not one of this company's"
    world.sandbox.faults.put("no", ErrorAnswer(path=UPDATE, status=400, reason=reason))
    async with world.worker():
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.REJECTED: 1}
        (letter,) = await world.dead_letters()
        assert (letter.code, letter.vendor_id) == ("rejected", "v1")
        assert reason in letter.reason
        assert len(world.writes()) == 1
        world.sandbox.faults.remove("no")
        await world.load([world.record(1, version=2, origin=Origin.CHANGE, compliant=False)])
        outcome = await world.vendor_says("v1", Status.UPDATED)
    assert outcome.cause == "vendor_changed"
    assert world.company.providers[1].compliance_status == "Inactive"


class Faulty(Vantaca):
    """Has a bug that one vendor meets."""

    def plan(
        self, record: VendorRecord, observed: Observed, integration: Integration, delivered: Delivered, now: datetime
    ) -> Plan:
        if record.vendor_id == "v1":
            nothing: Mapping[str, Any] = {}
            nothing["hold_reason"]
        return super().plan(record, observed, integration, delivered, now)


async def test_a_bug_is_a_dead_letter_with_its_trace_and_the_others_go_on(world: World) -> None:
    numbers = range(1, 6)
    world.providers(numbers, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in numbers)])
    async with world.worker(system=Faulty(CredentialsFolder(world.folder))):
        progress = await world.settled(await world.press())
        assert progress.counts().by_status == {Status.FAILED: 1, Status.UPDATED: 4}
    (letter,) = await world.dead_letters()
    assert (letter.code, letter.vendor_id) == ("bug", "v1")
    assert letter.trace is not None
    assert letter.trace.endswith("KeyError")
    assert "in plan" in letter.trace
