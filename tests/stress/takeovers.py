"""Of two workers one goes, or a third one comes, in the middle of a run: how long until every partition is worked again?"""

import asyncio
import random
import time
from enum import StrEnum
from typing import Final

from accounting.vantaca.sandbox import Latency
from tests.stress.crew import restored, start_crew
from tests.stress.log_file import tail
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.scene import Scene
from tests.stress.worker_process import WorkerProcess
from tests.support.slowness import patient

GROUP: Final = "takeovers"
WORKERS: Final = 2
IN_A_RUN: Final = 100
"""Vendors of the run that is under way at each takeover."""
PAUSE: Final = (0.3, 2.0)
"""Seconds from the press to the takeover."""
CALL_SECONDS: Final = (0.2, 0.6)
REJOIN_SECONDS: Final = 30.0
SAY_EVERY: Final = 10


class Change(StrEnum):
    """What happens to the group of workers."""

    FREEZE_AND_KILL = "frozen for longer than its session, then killed"
    FREEZE_AND_GO_ON = "frozen for longer than its session, then let go on"
    KILL = "killed"
    STOP = "stopped"
    JOIN = "another joins"


FREEZES: Final = (Change.FREEZE_AND_KILL, Change.FREEZE_AND_GO_ON)
OTHERS: Final = (Change.KILL, Change.STOP, Change.JOIN)


def plan_of(times: int, rng: random.Random) -> list[Change]:
    """So many changes in any order; every second one is a freeze."""
    freezes = [FREEZES[number % len(FREEZES)] for number in range((times + 1) // 2)]
    others = [OTHERS[number % len(OTHERS)] for number in range(times // 2)]
    plan = [*freezes, *others]
    rng.shuffle(plan)
    return plan


async def take_over_again_and_again(scene: Scene, *, times: int, rng: random.Random) -> None:
    """Change the group so many times; what hangs is described, noted and replaced by new workers."""
    scene.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
    runs = Runs(scene)
    await start_crew(scene, WORKERS)
    for number, change in enumerate(plan_of(times, rng), start=1):
        await runs.press(IN_A_RUN)
        await asyncio.sleep(rng.uniform(*PAUSE))
        if not await _take_over(scene, change, rng):
            print(await scene.describe_hang(f"takeover {number} ({change}) hangs"), flush=True)
            await start_crew(scene, WORKERS)
        await runs.settle()
        if number % SAY_EVERY == 0:
            hung = sum(one.seconds is None for one in scene.seen.trials)
            print(f"{number} takeovers, {hung} hung", flush=True)
    await runs.check()


async def _take_over(scene: Scene, change: Change, rng: random.Random) -> bool:
    """Change the group, and change it back once all is worked; False if all is not worked in time after either."""
    victim = rng.choice(scene.workers)
    generation = (await victim.ask("state")).get("generation", -1)
    began = time.monotonic()
    await _make(change, scene, victim)
    await scene.light()
    took = await scene.worked_everywhere(since=began)
    scene.seen.trials.append(Trial(group=GROUP, what=change, seconds=took))
    if took is None:
        return False
    await _undo(change, scene, victim, generation)
    return await restored(scene, f"after: {change}")


async def _make(change: Change, scene: Scene, victim: WorkerProcess) -> None:
    match change:
        case Change.FREEZE_AND_KILL | Change.FREEZE_AND_GO_ON:
            victim.freeze()
        case Change.KILL:
            scene.take_off(victim)
        case Change.STOP:
            victim.terminate()
        case Change.JOIN:
            await scene.start_ready()


async def _undo(change: Change, scene: Scene, victim: WorkerProcess, generation: int) -> None:
    """Have two workers again. ``generation``: the group's, before the change."""
    match change:
        case Change.FREEZE_AND_GO_ON:
            victim.go_on()
            await _rejoined(victim, generation)
        case Change.JOIN:
            victim.terminate()
            await _ended(scene, victim)
        case Change.STOP:
            await _ended(scene, victim)
            await scene.start_ready()
        case Change.FREEZE_AND_KILL:
            scene.take_off(victim)
            await scene.start_ready()
        case Change.KILL:
            await scene.start_ready()


async def _ended(scene: Scene, worker: WorkerProcess) -> None:
    code = await worker.exit_code()
    if code != 0:
        scene.seen.wrong.append(
            f"{worker.name} ended with {code} after SIGTERM (None: it did not end): {tail(worker.log, 3)}"
        )
        worker.kill()
    if worker in scene.workers:
        scene.workers.remove(worker)


async def _rejoined(worker: WorkerProcess, generation: int) -> None:
    """Wait until a worker that was frozen is a member of the group again, for a while."""
    until = time.monotonic() + patient(REJOIN_SECONDS)
    while worker.running and time.monotonic() < until:
        state = await worker.ask("state")
        if state.get("recovered_generation", -1) > generation and not state["rebalancing"]:
            return
        await asyncio.sleep(0.1)
