"""The kinds of stress, and what each is played with."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.topics_on_broker import admin_of, create_topics
from tests.stress.broker_restarts import BrokerRestarts
from tests.stress.kafka_nodes import kafka_of
from tests.stress.kills import kill_again_and_again
from tests.stress.observations import Observations
from tests.stress.rebalances import rebalance_again_and_again
from tests.stress.rolling import restart_in_turn
from tests.stress.scene import Scene, scene_on
from tests.stress.takeovers import take_over_again_and_again
from tests.stress.tree import Tree
from tests.support.world import SESSION_TIMEOUT, world_of, world_on_its_own

ROWS_OF_ONE_WORKER: Final = 300
ROWS_TAKEN_OVER: Final = 1000
ROWS_OF_KILLS: Final = 600
ROWS_OF_BROKERS: Final = 600
NODES: Final = (1, 3)
AFTER_THE_SESSION: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was asked for; durations in seconds."""

    number: int
    takeovers: int
    tree: Tree
    patience: float
    late: float
    parallel: int
    seed: int
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of stress. ``goal``: seconds that its slowest trial should take. ``patience``: seconds until one has hung."""

    play: Callable[[Plan], Coroutine[None, None, Observations]]
    number: int
    parallel: int
    goal: float | None = None
    patience: float = 120.0


@asynccontextmanager
async def scene_of(
    plan: Plan, name: str, *, vendors: int, seen: Observations, forget: bool = False, late: bool = True
) -> AsyncIterator[Scene]:
    folder = plan.folder / name
    folder.mkdir()
    async with (
        world_on_its_own(folder) as world,
        scene_on(
            world,
            tree=plan.tree,
            vendors=vendors,
            late=plan.late if late else 0.0,
            patience=plan.patience,
            forget=forget,
            seen=seen,
        ) as scene,
    ):
        yield scene


async def kills(plan: Plan) -> Observations:
    """Several worlds at once, which wait for sessions to end."""
    seen = Observations()

    async def world(number: int, times: int) -> None:
        async with scene_of(plan, f"world-{number}", vendors=ROWS_OF_KILLS, seen=seen, late=False) as scene:
            await kill_again_and_again(scene, times=times, rng=random.Random(plan.seed + number))

    await _at_once(world, shares(plan.number, plan.parallel))
    return seen


async def broker_restarts(plan: Plan) -> Observations:
    """A Kafka of one node, and one of three; with less than two worlds at once, one after the other."""
    seen = Observations()
    together = asyncio.Semaphore(plan.parallel)

    async def world(number: int, times: int) -> None:
        async with together, kafka_of(NODES[number]) as kafka:
            folder = plan.folder / f"kafka-of-{NODES[number]}"
            folder.mkdir()
            admin = admin_of(kafka.bootstrap)
            await asyncio.to_thread(create_topics, admin, replication=NODES[number])
            async with (
                world_of(kafka.bootstrap, folder) as made,
                scene_on(
                    made,
                    tree=plan.tree,
                    vendors=ROWS_OF_BROKERS,
                    late=0.0,
                    patience=plan.patience,
                    forget=False,
                    seen=seen,
                    may_restart=True,
                ) as scene,
            ):
                await BrokerRestarts(scene, kafka, random.Random(plan.seed + number)).play(times)

    await _at_once(world, shares(plan.number, len(NODES)))
    return seen


async def rolling(plan: Plan) -> Observations:
    """One world; the number is that of its vendors, and what is in parallel are its workers."""
    seen = Observations()
    async with scene_of(plan, "rolling", vendors=plan.number, seen=seen, late=False) as scene:
        await restart_in_turn(scene, workers=plan.parallel)
    return seen


async def _at_once(world: Callable[[int, int], Coroutine[None, None, None]], times: Sequence[int]) -> None:
    async with asyncio.TaskGroup() as worlds:
        for number, share in enumerate(times):
            if share:
                worlds.create_task(world(number, share))


def shares(number: int, parts: int) -> list[int]:
    """A number in so many parts, as equal as can be."""
    return [number // parts + (part < number % parts) for part in range(parts)]


async def rebalances_and_takeovers(plan: Plan) -> Observations:
    """Both at once, each on a Kafka of its own: they wait more than they compute."""
    seen = Observations()

    async def rebalances() -> None:
        async with scene_of(plan, "rebalances", vendors=ROWS_OF_ONE_WORKER, seen=seen, forget=True) as scene:
            await rebalance_again_and_again(scene, times=plan.number, rng=random.Random(plan.seed))

    async def takeovers() -> None:
        async with scene_of(plan, "takeovers", vendors=ROWS_TAKEN_OVER, seen=seen) as scene:
            await take_over_again_and_again(scene, times=plan.takeovers, rng=random.Random(plan.seed))

    async with asyncio.TaskGroup() as both:
        both.create_task(rebalances())
        both.create_task(takeovers())
    return seen


KINDS: Final = {
    "kill": Kind(play=kills, number=200, parallel=3, goal=SESSION_TIMEOUT + AFTER_THE_SESSION),
    "broker": Kind(play=broker_restarts, number=50, parallel=2, patience=90.0),
    "rolling": Kind(play=rolling, number=3000, parallel=4),
    "default": Kind(play=rebalances_and_takeovers, number=300, parallel=1, goal=SESSION_TIMEOUT + AFTER_THE_SESSION),
}
