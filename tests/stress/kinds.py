"""The kinds of stress."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Final

from tests.stress.broker_restarts import BrokerRestarts
from tests.stress.kills import kill_repeatedly
from tests.stress.observations import Observations
from tests.stress.plan import Plan
from tests.stress.rebalances import rebalance_repeatedly
from tests.stress.rolling import restart_in_turn
from tests.stress.set_up import harness_with_kafka, own_harness
from tests.stress.takeovers import take_over_repeatedly
from tests.support.world import SESSION_TIMEOUT

ROWS_OF_ONE_WORKER: Final = 300
ROWS_TAKEN_OVER: Final = 1000
ROWS_OF_KILLS: Final = 600
ROWS_OF_BROKERS: Final = 600
NODES: Final = (1, 3)
TAKEOVER_GOAL: Final = SESSION_TIMEOUT + 5.0


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of stress, and the defaults of its plan.

    Attributes:
        run: stresses, and adds what it observes.
        number: trials.
        parallel: worlds at the same time.
        goal: seconds that the slowest trial should take; None: there is no goal.
        trial_timeout: seconds after which a trial has hung.
    """

    run: Callable[[Plan, Observations], Coroutine[None, None, None]]
    number: int
    parallel: int
    goal: float | None = None
    trial_timeout: float = 120.0


async def rebalances_and_takeovers(plan: Plan, seen: Observations) -> None:
    """Both at the same time, because both wait most of the time; each world has a Kafka of its own."""

    async def rebalances() -> None:
        async with own_harness(
            plan, "rebalances", seen, vendors=ROWS_OF_ONE_WORKER, late=plan.late, forget=True
        ) as harness:
            await rebalance_repeatedly(harness, times=plan.number, rng=random.Random(plan.seed))

    async def takeovers(world: int, times: int) -> None:
        async with own_harness(plan, f"takeovers-{world}", seen, vendors=ROWS_TAKEN_OVER, late=plan.late) as harness:
            await take_over_repeatedly(harness, times=times, rng=random.Random(plan.seed + world))

    async with asyncio.TaskGroup() as both:
        both.create_task(rebalances())
        both.create_task(_in_parallel(takeovers, shares(plan.takeovers, plan.parallel)))


async def kills(plan: Plan, seen: Observations) -> None:
    """Several worlds at the same time, because each waits for sessions to end."""

    async def one(world: int, times: int) -> None:
        async with own_harness(plan, f"world-{world}", seen, vendors=ROWS_OF_KILLS) as harness:
            await kill_repeatedly(harness, times=times, rng=random.Random(plan.seed + world))

    await _in_parallel(one, shares(plan.number, plan.parallel))


async def broker_restarts(plan: Plan, seen: Observations) -> None:
    """A Kafka of one node and one of three nodes; one after the other if the plan allows only one world at a time."""
    at_once = asyncio.Semaphore(plan.parallel)

    async def one(world: int, times: int) -> None:
        async with (
            at_once,
            harness_with_kafka(plan, seen, nodes=NODES[world], vendors=ROWS_OF_BROKERS) as (harness, kafka),
        ):
            await BrokerRestarts(harness, kafka, random.Random(plan.seed + world)).run(times)

    await _in_parallel(one, shares(plan.number, len(NODES)))


async def rolling(plan: Plan, seen: Observations) -> None:
    """One world. The plan's number is its vendors, and what is in parallel is its workers."""
    async with own_harness(plan, "rolling", seen, vendors=plan.number) as harness:
        await restart_in_turn(harness, workers=plan.parallel)


async def _in_parallel(one: Callable[[int, int], Coroutine[None, None, None]], times: Sequence[int]) -> None:
    async with asyncio.TaskGroup() as worlds:
        for world, share in enumerate(times):
            if share:
                worlds.create_task(one(world, share))


def shares(number: int, parts: int) -> list[int]:
    """A number divided into so many parts that differ by 1 at most."""
    return [number // parts + (part < number % parts) for part in range(parts)]


KINDS: Final = {
    "default": Kind(run=rebalances_and_takeovers, number=300, parallel=2, goal=TAKEOVER_GOAL),
    "kill": Kind(run=kills, number=200, parallel=3, goal=TAKEOVER_GOAL),
    "broker": Kind(run=broker_restarts, number=50, parallel=2, trial_timeout=90.0),
    "rolling": Kind(run=rolling, number=3000, parallel=4),
}
