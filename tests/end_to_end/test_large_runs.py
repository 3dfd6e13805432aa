"""Runs over thousands of vendors, on a Kafka of their own: their rows would slow the other tests' workers down."""

import signal
from collections import Counter

from accounting.vantaca.sandbox import Latency
from schemas.records.outcome import Status
from tests.support.world import UPDATE, World

BULK = "/read/provider"
CREATE = "/write/providerInsuranceCreate"


async def test_a_run_costs_one_bulk_read_and_the_writes_of_what_differs(world_alone: World) -> None:
    world = world_alone
    numbers = range(1, 10_001)
    differing = range(50, 10_001, 100)
    world.providers(numbers)
    world.providers(differing, compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in numbers)])
    async with world.worker():
        progress = await world.settled(await world.press(), seconds=120)
    assert progress.counts().by_status == {Status.UPDATED: 100, Status.UNCHANGED: 9_900}
    paths = world.sandbox.call_log.counters().by_path
    assert paths == {BULK: 1, UPDATE: 100}
    assert sorted(world.writes(), key=int) == [str(number) for number in differing]


async def test_a_worker_killed_in_the_middle_of_a_run_loses_and_doubles_nothing(world_alone: World) -> None:
    world = world_alone
    numbers = range(1, 5001)
    insured = [number for number in numbers if number % 5 == 0]
    world.providers(numbers, compliance_status="Pending")
    policy = {"policy_type": "General Liability", "number": "GL-1", "expires_on": "2027-03-31"}
    records = [world.record(number, policies=[policy] if number % 5 == 0 else []) for number in numbers]
    await world.load([world.integration, *records])
    world.sandbox.faults.put("slow", Latency(min_seconds=0.01, max_seconds=0.05))
    victim = await world.start_ready_worker("worker-1")
    await world.start_ready_worker("worker-2")
    run = await world.press()
    await world.until(run, lambda progress: progress.counts().settled > 1000, seconds=120)
    victim.send_signal(signal.SIGKILL)
    progress = await world.settled(run, seconds=120)
    assert progress.counts().settled == 5000
    assert not progress.counts().by_status.keys() - {Status.UPDATED, Status.UNCHANGED}
    providers = world.company.providers
    assert {provider.compliance_status for provider in providers.values()} == {"Approved"}
    rows = Counter(number for number in numbers for _row in providers[number].provider_insurance)
    assert rows == Counter(insured)


async def test_a_worker_stopped_for_longer_than_its_session_does_not_go_on_with_what_it_had_in_hand(
    world_alone: World,
) -> None:
    world = world_alone
    numbers = range(1, 301)
    world.providers(numbers, compliance_status="Pending")
    policy = {"policy_type": "General Liability", "number": "GL-1", "expires_on": "2027-03-31"}
    await world.load([world.integration, *(world.record(number, policies=[policy]) for number in numbers)])
    world.sandbox.faults.put("slow", Latency(min_seconds=0.2, max_seconds=0.6))
    frozen = await world.start_ready_worker("worker-1")
    await world.start_ready_worker("worker-2")
    run = await world.press()
    await world.until(run, lambda progress: progress.counts().settled > 30, seconds=60)
    frozen.send_signal(signal.SIGSTOP)
    progress = await world.settled(run, seconds=90)
    assert progress.counts().settled == 300
    calls = world.sandbox.call_log.count()
    frozen.send_signal(signal.SIGCONT)
    again = await world.settled(await world.press(), seconds=90)
    assert again.counts().by_status == {Status.UNCHANGED: 300}
    assert frozen.poll() is None
    # What lay between the look at the membership and the socket when the process was stopped is sent when it goes on.
    late = [call.path for call in world.sandbox.call_log.calls[calls:] if call.method == "POST"]
    assert late in ([], [UPDATE])
    assert {len(provider.provider_insurance) for provider in world.company.providers.values()} == {1}
