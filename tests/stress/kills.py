"""Kills one of two workers in the middle of a run, repeatedly: the other one takes over, and must not end."""

import asyncio
import random
import time
from typing import Final

from accounting.vantaca.sandbox import Latency
from tests.stress.harness import Harness
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.worker_group import restored, start_workers

GROUP: Final = "kills"
WORKERS: Final = 2
IN_A_RUN: Final = (60, 300)
PAUSE: Final = (0.1, 3.0)
"""Seconds from the press to the kill."""
CALL_SECONDS: Final = (0.2, 0.6)
AT_ONCE: Final = 0.5
"""How many of the killed are replaced at once; the others only when the survivor has taken over."""
PRINT_EVERY: Final = 10


async def kill_repeatedly(harness: Harness, *, times: int, rng: random.Random) -> None:
    """Kill so many workers; a survivor that ends is noted with the reason in its log."""
    harness.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
    runs = Runs(harness)
    await start_workers(harness, WORKERS)
    for number in range(1, times + 1):
        await runs.press(rng.randint(*IN_A_RUN))
        await asyncio.sleep(rng.uniform(*PAUSE))
        if not await _kill(harness, rng):
            print(await harness.describe_hang(f"after kill {number} the workers hang"), flush=True)
            await start_workers(harness, WORKERS)
        await runs.settle()
        if number % PRINT_EVERY == 0:
            print(f"{harness.world.folder.name}: {number} kills, {len(harness.seen.ended)} survivors ended", flush=True)
    await runs.check()


async def _kill(harness: Harness, rng: random.Random) -> bool:
    """Whether all was worked in time, both by the survivor and when there were two again."""
    at_once = rng.random() < AT_ONCE
    began = time.monotonic()
    harness.remove(rng.choice(harness.workers))
    if at_once:
        harness.start()
    await harness.change_probes()
    took = await harness.worked_everywhere(since=began)
    what = "killed, another started at once" if at_once else "killed, another started after the takeover"
    harness.seen.trials.append(Trial(group=GROUP, what=what, seconds=took))
    if took is None:
        return False
    if not at_once:
        await harness.start_ready()
    return await restored(harness, "two workers again")
