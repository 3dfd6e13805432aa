"""The group of one worker rebalances again and again; each recovery has all rows to recover, and its seek is answered late."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final

from tests.stress.crew import start_crew
from tests.stress.observations import Trial
from tests.stress.scene import Scene
from tests.stress.worker_process import WorkerProcess
from tests.support.slowness import patient

GROUP: Final = "rebalances"
PAUSE: Final = (0.0, 1.2)
SECOND: Final = (0.0, 0.35)
"""Seconds from one rebalance to the other of a double one."""
DOUBLE: Final = 0.5
QUICKLY: Final = 3.0
"""Seconds that a recovery is given before the beacons change all the same: changes would end the fetch that is under way."""
SAY_EVERY: Final = 50


async def rebalance_again_and_again(scene: Scene, *, times: int, rng: random.Random) -> None:
    """Rebalance so many times; what hangs is described, noted and replaced."""
    await start_crew(scene, 1)
    for number in range(1, times + 1):
        await asyncio.sleep(rng.uniform(*PAUSE))
        what = "double" if rng.random() < DOUBLE else "single"
        trial = await _rebalance(scene, rng, what)
        scene.seen.trials.append(trial)
        if trial.seconds is None:
            print(await scene.describe_hang(f"rebalance {number} ({what}) hangs"), flush=True)
            await start_crew(scene, 1)
        if number % SAY_EVERY == 0:
            hung = sum(one.seconds is None for one in scene.seen.trials)
            print(f"{number} rebalances, {hung} hung", flush=True)


async def _rebalance(scene: Scene, rng: random.Random, what: str) -> Trial:
    (worker,) = scene.workers
    before = await worker.ask("state")
    began = time.monotonic()
    told = await worker.ask("rejoin")
    if what == "double":
        for _ in range(rng.choice((1, 1, 2))):
            await asyncio.sleep(rng.uniform(*SECOND))
            told = await worker.ask("rejoin")
    await _recovered(worker, told.get("generation", -1))
    await scene.light()
    seconds = await scene.worked_everywhere(since=began)
    if seconds is not None and worker in scene.workers:
        scene.seen.wrong += not_stressed(
            before, await worker.ask("state"), rows=scene.vendors + len(scene.beacons), late=bool(scene.late)
        )
    return Trial(group=GROUP, what=what, seconds=seconds)


def not_stressed(before: Mapping[str, Any], after: Mapping[str, Any], *, rows: int, late: bool) -> list[str]:
    """A sentence where a recovery that ended was none of all rows, or its seek was not late: ``state`` before and after."""
    found = []
    recovered = after.get("rows_recovered", 0) - before.get("rows_recovered", 0)
    if recovered < rows:
        found.append(f"a recovery ended with {recovered} of {rows} rows")
    if late and after.get("late_seeks", 0) <= before.get("late_seeks", 0):
        found.append("no seek on a changelog was answered late: tests/stress/site does not know how this worker seeks")
    return found


async def _recovered(worker: WorkerProcess, generation: int) -> None:
    """Wait for the recovery of a later generation, for a while."""
    until = time.monotonic() + patient(QUICKLY)
    while time.monotonic() < until:
        state = await worker.ask("state")
        if state.get("recovered_generation", -1) > generation and not state["rebalancing"]:
            return
        await asyncio.sleep(0.05)
