"""Restarts workers in turn during a run, and measures how long the group as a whole publishes no outcome."""

import asyncio
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from accounting.vantaca.sandbox import Latency
from tests.stress.harness import Harness
from tests.stress.log_file import tail
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.worker_group import start_workers
from tests.stress.worker_process import WorkerProcess
from tests.support.slowness import patient

GROUP: Final = "rolling restarts"
CALL_SECONDS: Final = (0.5, 1.5)
BESIDES_THE_CALL: Final = 3.0
"""Seconds that the group may stand still, and a worker may take to end, besides the slowest call."""
UNDER_WAY: Final = 50
"""Outcomes of the run before the first restart."""
UNDER_WAY_SECONDS: Final = 60.0


async def restart_in_turn(harness: Harness, *, workers: int) -> None:
    """Restart each of so many workers while a run over all vendors is under way."""
    harness.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
    runs = Runs(harness)
    await start_workers(harness, workers)
    before = len(harness.tail.seen_at)
    await runs.press(harness.vendors)
    until = time.monotonic() + patient(UNDER_WAY_SECONDS)
    while len(harness.tail.seen_at) < before + min(UNDER_WAY, harness.vendors // 2) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    in_the_run = 0
    for worker in list(harness.workers):
        in_the_run += len(harness.tail.seen_at) < before + harness.vendors
        await _restart(harness, worker)
    await runs.settle()
    await runs.check()
    gap = longest_gap(harness.tail.seen_at[before:])
    goal = BESIDES_THE_CALL + CALL_SECONDS[1]
    slowest = f"{BESIDES_THE_CALL:g} s and the slowest call, {CALL_SECONDS[1]:g} s"
    harness.seen.figures += [
        f"{in_the_run} of {workers} workers were restarted before the run over {harness.vendors} vendors was done",
        f"longest gap between two outcomes of the group: {gap:.1f} s (goal {goal:.1f} s: {slowest})",
    ]


def longest_gap(times: Iterable[float]) -> float:
    """The most seconds between two that follow each other; 0 where there are fewer than two."""
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


async def _restart(harness: Harness, worker: WorkerProcess) -> None:
    began = time.monotonic()
    worker.terminate()
    code = await worker.exit_code()
    took = time.monotonic() - began
    harness.seen.trials.append(
        Trial(group=GROUP, what="SIGTERM until the exit", seconds=None if code is None else took)
    )
    harness.seen.figures.append(f"{worker.name} ended with {code} after {took:.1f} s")
    if code != 0:
        harness.note_wrong([f"{worker.name} ended with {code} after SIGTERM: {tail(worker.log, 3)}"])
    harness.remove(worker)
    harness.replace_ended()
    await harness.start_ready()
