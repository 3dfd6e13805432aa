"""What a press does, seen from outside: on a real Kafka, against a Vantaca that keeps a log."""

import asyncio
from collections import Counter

from accounting.credentials import CredentialsFolder
from accounting.port import Applied, BeforeWrite, Plan, at_once
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.sandbox import Latency
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from tests.support.world import UPDATE, World


async def test_a_second_press_during_a_run_queues_no_vendor_twice(world: World) -> None:
    numbers = range(1, 401)
    world.providers(numbers, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in numbers)])
    world.sandbox.faults.put("slow", Latency(min_seconds=1.0, max_seconds=1.0, path=UPDATE))
    async with world.worker():
        first = await world.press()
        await world.until(first, lambda progress: progress.expanded and progress.counts().settled > 0)
        second = await world.press()
        await world.until(second, lambda progress: progress.expanded)
        world.sandbox.faults.remove("slow")
        last = await world.settled(second)
        whole = await world.settled(first)
    assert whole.counts().by_status == {Status.UPDATED: 400}
    counts = last.counts()
    assert counts.already_in_progress > 0
    assert counts.queued + counts.already_in_progress == 400
    assert Counter(world.writes()) == {str(number): 1 for number in numbers}


async def test_a_record_changed_while_its_vendor_is_written_is_written_again_with_the_newer_data(world: World) -> None:
    world.providers([1], compliance_status="Pending")
    await world.load([world.integration, world.record(1)])
    world.sandbox.faults.put("slow", Latency(min_seconds=1.0, max_seconds=1.0, path=UPDATE))
    async with world.worker():
        run = await world.press()
        await world.vendor_says("v1", Status.WRITING)
        await world.load([world.record(1, version=2, compliant=False, origin="change")])
        await world.settled(run)
        await world.vendor_says("v1", Status.UPDATED, times=2)
    assert world.writes() == ["1", "1"]
    assert world.company.providers[1].compliance_status == "Inactive"
    assert not world.company.providers[1].compliant


class WritesWhenFree(Vantaca):
    """Waits before each plan is applied until ``free`` is set."""

    def __init__(self, credentials: CredentialsFolder) -> None:
        super().__init__(credentials)
        self.free = asyncio.Event()

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        await self.free.wait()
        return await super().apply(integration, plan, before_write=before_write)


async def test_a_press_while_a_vendor_is_worked_with_older_data_writes_the_newer_data(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2)])
    system = WritesWhenFree(CredentialsFolder(world.folder))
    async with world.worker(system=system):
        first = await world.press()
        for vendor_id in ("v1", "v2"):
            await world.vendor_says(vendor_id, Status.WRITING)
        await world.load([world.record(1, version=2, compliant=False)])
        second = await world.press()
        await world.until(second, lambda progress: progress.expanded)
        third = await world.press()
        await world.until(third, lambda progress: progress.expanded)
        system.free.set()
        runs = [await world.settled(run) for run in (first, second, third)]
    counts = [progress.counts() for progress in runs]
    assert [(run.queued, run.already_in_progress) for run in counts] == [(2, 0), (1, 1), (0, 2)]
    assert sorted(world.writes()) == ["1", "1", "2"]
    assert world.company.providers[1].compliance_status == "Inactive"


async def test_unlinked_vendors_are_skipped_and_untouched(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2, provider_id=None)])
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.unlinked == ("v2",)
    assert world.company.providers[2].compliance_status == "Pending"


async def test_a_change_of_what_is_pushed_goes_out_by_itself(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    async with world.worker():
        await world.settled(await world.press())
        await world.load([world.record(1, version=2, payment_hold=True, hold_reason="lapsed", origin="change")])
        await world.vendor_says("v1", Status.UPDATED)
    assert world.company.providers[1].on_hold
    assert world.company.providers[1].on_hold_reason == "[VIVE] lapsed"


async def test_vendors_asked_for_by_id_are_synced_alone(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2)])
    async with world.worker():
        progress = await world.settled(await world.press(("v2", "v9")))
    counts = progress.counts()
    assert (counts.queued, counts.unknown) == (1, 1)
    assert world.writes() == ["2"]


async def test_names_and_address_are_written_by_a_system_of_record_alone(world_of_record: World) -> None:
    world = world_of_record
    world.providers([1])
    record = world.record(
        1, legal_name="Vendor One LLC", dba_name="One", address={"street": "12A Main Street", "city": "Valencia"}
    )
    await world.load([world.integration, record])
    async with world.worker():
        await world.settled(await world.press())
        again = await world.settled(await world.press())
    provider = world.company.providers[1]
    assert (provider.name, provider.dba_name, provider.address, provider.city) == (
        "Vendor One LLC",
        "One",
        "12A Main Street",
        "Valencia",
    )
    assert again.counts().by_status == {Status.UNCHANGED: 1}


async def test_rows_survive_a_worker_and_answer_what_is_read_again(world: World) -> None:
    world.providers([1, 2, 3], compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in (1, 2, 3))])
    async with world.worker():
        await world.settled(await world.press())
    async with world.worker():
        progress = await world.settled(await world.press())
    assert progress.counts().by_status == {Status.UNCHANGED: 3}
    assert sorted(world.writes()) == ["1", "2", "3"]
