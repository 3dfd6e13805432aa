"""One of two workers is killed in the middle of a run, again and again: the other takes over, and does not end."""

import asyncio
import random
import time
from typing import Final

from accounting.vantaca.sandbox import Latency
from tests.stress.crew import restored, start_crew
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.scene import Scene

GROUP: Final = "kills"
WORKERS: Final = 2
IN_A_RUN: Final = (60, 300)
PAUSE: Final = (0.1, 3.0)
"""Seconds from the press to the kill."""
CALL_SECONDS: Final = (0.2, 0.6)
AT_ONCE: Final = 0.5
"""How many of the killed are replaced at once; the others only when the survivor has taken over."""
SAY_EVERY: Final = 10


async def kill_again_and_again(scene: Scene, *, times: int, rng: random.Random) -> None:
    """Kill so many workers; a survivor that ends is noted with what it said."""
    scene.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
    runs = Runs(scene)
    await start_crew(scene, WORKERS)
    for number in range(1, times + 1):
        await runs.press(rng.randint(*IN_A_RUN))
        await asyncio.sleep(rng.uniform(*PAUSE))
        if not await _kill(scene, rng):
            print(await scene.describe_hang(f"after kill {number} it hangs"), flush=True)
            await start_crew(scene, WORKERS)
        await runs.settle()
        if number % SAY_EVERY == 0:
            print(f"{scene.world.folder.name}: {number} kills, {len(scene.seen.ended)} survivors ended", flush=True)
    await runs.check()


async def _kill(scene: Scene, rng: random.Random) -> bool:
    """Whether all was worked in time, both by the survivor and when there were two again."""
    at_once = rng.random() < AT_ONCE
    began = time.monotonic()
    scene.take_off(rng.choice(scene.workers))
    if at_once:
        scene.start()
    await scene.light()
    took = await scene.worked_everywhere(since=began)
    what = "killed, another started at once" if at_once else "killed, another started after the takeover"
    scene.seen.trials.append(Trial(group=GROUP, what=what, seconds=took))
    if took is None:
        return False
    if not at_once:
        await scene.start_ready()
    return await restored(scene, "two workers again")
