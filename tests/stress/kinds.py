"""The kinds of stress, and what each is played with."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.stress.observations import Observations
from tests.stress.rebalances import rebalance_again_and_again
from tests.stress.scene import Scene, scene_on
from tests.stress.takeovers import take_over_again_and_again
from tests.stress.tree import Tree
from tests.support.world import SESSION_TIMEOUT, world_on_its_own

ROWS_OF_ONE_WORKER: Final = 300
ROWS_TAKEN_OVER: Final = 1000
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
    """A kind of stress. ``goal``: seconds that its slowest trial should take."""

    play: Callable[[Plan], Coroutine[None, None, Observations]]
    number: int
    parallel: int
    goal: float | None = None


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
    "default": Kind(play=rebalances_and_takeovers, number=300, parallel=1, goal=SESSION_TIMEOUT + AFTER_THE_SESSION),
}
