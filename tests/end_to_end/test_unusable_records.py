"""A vendor record that VIVE can't act on: nothing but a hold is written until a good record comes or a person decides."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from accounting.vantaca.sandbox import ErrorAnswer
from schemas.records.outcome import Status
from schemas.topics import VENDOR_RECORD
from tests.support.eventually import eventually_async
from tests.support.world import UPDATE, World

GARBAGE = b"\x00\x01 not a record"
HELD = {"payment_hold": True, "hold_reason": "Auto lapsed"}
TOP = 2**63 - 1


async def garbage(world: World, vendor_id: str = "v1") -> None:
    await world.say(VENDOR_RECORD.name, f"{world.client_id}:{vendor_id}".encode(), GARBAGE)


async def test_behind_a_record_that_cannot_be_read_only_a_hold_is_placed_until_a_good_one_comes(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    async with world.worker():
        await world.load([world.integration, world.record(1, **HELD)])
        await garbage(world)
        outcome = await world.vendor_says("v1", Status.REJECTED)
        assert {change.group for change in outcome.changes} == {"payment_hold"}
        assert outcome.reason is not None
        assert "The record can't be read. VIVE only places payment holds for this vendor until" in outcome.reason
        provider = world.company.providers[1]
        assert (provider.on_hold, provider.on_hold_reason) == (True, "[VIVE] Auto lapsed")
        assert provider.compliance_status == "Pending"

        progress = await world.settled(await world.press())
        assert progress.answers["v1"].status is Status.REJECTED
        assert len(world.writes()) == 1

        await world.load([world.record(1, version=2)])
        await world.vendor_says("v1", Status.UPDATED)
    provider = world.company.providers[1]
    assert (provider.on_hold, provider.compliance_status) == (False, "Approved")
    assert [letter.code for letter in await world.dead_letters()] == ["undecodable"]


async def test_behind_a_record_that_cannot_be_read_no_hold_is_released(world: World) -> None:
    world.providers([1])
    async with world.worker():
        await world.load([world.integration, world.record(1, origin="change", **HELD)])
        await world.vendor_says("v1", Status.UPDATED)
        await world.load([world.record(1, version=2)])
        await garbage(world)
        await world.vendor_says("v1", Status.REJECTED)
        progress = await world.settled(await world.press())
        assert progress.answers["v1"].status is Status.REJECTED
        assert progress.answers["v1"].calls == 0
    assert world.company.providers[1].on_hold
    assert world.sandbox.call_log.calls[-1].path == UPDATE


async def test_a_hold_that_vantaca_does_not_take_now_is_placed_later(world: World) -> None:
    world.providers([1])
    world.sandbox.faults.put("down", ErrorAnswer(status=503, reason="Down", path=UPDATE))
    async with world.worker():
        await world.load([world.integration, world.record(1, **HELD)])
        await garbage(world)
        await eventually_async(lambda: bool(world.writes()))
        assert not world.company.providers[1].on_hold
        world.sandbox.faults.remove("down")
        outcome = await world.vendor_says("v1", Status.REJECTED)
    assert {change.group for change in outcome.changes} == {"payment_hold"}
    assert world.company.providers[1].on_hold_reason == "[VIVE] Auto lapsed"


async def test_a_vendor_without_a_readable_record_is_rejected_in_each_run(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(2)])
    await garbage(world)
    async with world.worker():
        run_id = await world.press()
        progress = await world.settled(run_id)
        assert progress.counts().by_status == {Status.UPDATED: 1, Status.REJECTED: 1}
        assert "VIVE does not sync this vendor until a correct record arrives." in (progress.answers["v1"].reason or "")
        shown = await asyncio.to_thread(world.command, "status", run_id)
        assert f"Vendor v1 rejected: {progress.answers['v1'].reason}" in " ".join(shown.stdout.split())
        await world.load([world.record(1)])
        await world.vendor_says("v1", Status.UPDATED)


async def test_a_version_that_no_later_one_exceeds_is_repaired_by_a_person(world: World) -> None:
    now = datetime.now(UTC)
    world.providers([1])
    async with world.worker():
        await world.load([world.integration, world.record(1, version=TOP, origin="change", updated_at=now)])
        await world.vendor_says("v1", Status.UNCHANGED)
        later = world.record(1, version=2, origin="change", updated_at=now + timedelta(seconds=1), **HELD)
        await world.load([later])
        outcome = await world.vendor_says("v1", Status.REJECTED)
        assert "It has version 2, lower than version 9223372036854775807" in (outcome.reason or "")
        assert world.company.providers[1].on_hold_reason == "[VIVE] Auto lapsed"
        assert [letter.code for letter in await world.dead_letters()] == ["stale"]

        shown = await asyncio.to_thread(world.command, "vendor", world.client_id, "v1")
        assert "1 record was left out" in shown.stdout
        assert "(stale; vive.vendor-record" in shown.stdout
        run_id = await world.press()
        assert (await world.settled(run_id)).with_stale_records == ("v1",)
        status = await asyncio.to_thread(world.command, "status", run_id, "--json")
        assert json.loads(status.stdout)["with_stale_records"] == ["v1"]

        repaired = await asyncio.to_thread(world.command, "repair", "vendor", world.client_id, "v1", "--yes")
        assert repaired.returncode == 0, repaired.stderr
        assert "Version 2 is in force" in repaired.stdout
        outcome = await world.vendor_says("v1", Status.UNCHANGED, times=2)
        assert outcome.record_version == 2
        await world.load([world.record(1, version=3, origin="change")])
        await world.vendor_says("v1", Status.UPDATED)
        assert not world.company.providers[1].on_hold
        again = await asyncio.to_thread(world.command, "repair", "vendor", world.client_id, "v1", "--yes", "--json")
        assert json.loads(again.stdout) == {"version": 3, "repaired": False}


async def test_a_vendor_that_has_no_good_record_cannot_be_repaired(world: World) -> None:
    await garbage(world)
    refused = await asyncio.to_thread(world.command, "repair", "vendor", world.client_id, "v1", "--yes")
    assert refused.returncode == 1
    assert "can be read. Have VIVE send a correct one." in refused.stderr


async def test_a_record_that_cannot_be_read_outlives_the_worker(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    await garbage(world)
    async with world.worker():
        await world.vendor_says("v1", Status.REJECTED)
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.answers["v1"].status is Status.REJECTED
    assert world.writes() == []
