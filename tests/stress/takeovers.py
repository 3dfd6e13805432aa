"""Changes the group of two workers in the middle of a run, and measures until every partition is worked again."""

import asyncio
import random
import time
from enum import StrEnum
from typing import Final

from accounting.vantaca.sandbox import Latency
from tests.stress.harness import Harness
from tests.stress.log_file import tail
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.worker_group import restored, start_workers
from tests.stress.worker_process import READY_SECONDS, WorkerProcess, recovered_since

GROUP: Final = "takeovers"
WORKERS: Final = 2
IN_A_RUN: Final = 100
"""Vendors of the run that is under way at each takeover."""
PAUSE: Final = (0.3, 2.0)
"""Seconds from the press to the takeover."""
CALL_SECONDS: Final = (0.2, 0.6)
REJOIN_SECONDS: Final = 30.0
PRINT_EVERY: Final = 10


class Change(StrEnum):
    """What happens to the group of workers."""

    FREEZE_AND_KILL = "frozen for longer than its session, then killed"
    FREEZE_AND_RESUME = "frozen for longer than its session, then resumed"
    KILL = "killed"
    STOP = "stopped"
    JOIN = "another joins"


FREEZES: Final = (Change.FREEZE_AND_KILL, Change.FREEZE_AND_RESUME)
OTHERS: Final = (Change.KILL, Change.STOP, Change.JOIN)


def plan_of(times: int, rng: random.Random) -> list[Change]:
    """So many changes in any order; every second one is a freeze."""
    freezes = [FREEZES[number % len(FREEZES)] for number in range((times + 1) // 2)]
    others = [OTHERS[number % len(OTHERS)] for number in range(times // 2)]
    plan = [*freezes, *others]
    rng.shuffle(plan)
    return plan


async def take_over_repeatedly(harness: Harness, *, times: int, rng: random.Random) -> None:
    """Change the group so many times; workers that hang are described, noted and replaced."""
    harness.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
    runs = Runs(harness)
    await start_workers(harness, WORKERS)
    for number, change in enumerate(plan_of(times, rng), start=1):
        await runs.press(IN_A_RUN)
        await asyncio.sleep(rng.uniform(*PAUSE))
        if not await _take_over(harness, change, rng):
            print(await harness.describe_hang(f"takeover {number} ({change}) hangs"), flush=True)
            await start_workers(harness, WORKERS)
        await runs.settle()
        if number % PRINT_EVERY == 0:
            print(f"{harness.world.folder.name}: {number} takeovers", flush=True)
    await runs.check()


async def _take_over(harness: Harness, change: Change, rng: random.Random) -> bool:
    """Change the group, and change it back once all is worked; False if a change did not end in time."""
    victim = rng.choice(harness.workers)
    generation = (await victim.ask("state")).get("generation", -1)
    began = await _make(change, harness, victim)
    await harness.change_probes()
    took = await harness.worked_everywhere(since=began)
    harness.seen.trials.append(Trial(group=GROUP, what=change, seconds=took))
    if took is None:
        return False
    await _undo(change, harness, victim, generation)
    return await restored(harness, f"after: {change}")


async def _make(change: Change, harness: Harness, victim: WorkerProcess) -> float:
    """Make the change, and return when it began, on the monotonic clock: not before a joining process has loaded its code."""
    began = time.monotonic()
    match change:
        case Change.FREEZE_AND_KILL | Change.FREEZE_AND_RESUME:
            victim.freeze()
        case Change.KILL:
            harness.remove(victim)
        case Change.STOP:
            victim.terminate()
        case Change.JOIN:
            joining = harness.start()
            await joining.until(lambda _: True, seconds=READY_SECONDS)
            began = time.monotonic()
            await joining.until(lambda state: state["generation"] > 0, seconds=READY_SECONDS)
    return began


async def _undo(change: Change, harness: Harness, victim: WorkerProcess, generation: int) -> None:
    """Return to two workers. ``generation``: of the group before the change."""
    match change:
        case Change.FREEZE_AND_RESUME:
            victim.resume()
            await victim.until(recovered_since(generation), seconds=REJOIN_SECONDS)
        case Change.JOIN:
            victim.terminate()
            await _ended(harness, victim)
        case Change.STOP:
            await _ended(harness, victim)
            await harness.start_ready()
        case Change.FREEZE_AND_KILL:
            harness.remove(victim)
            await harness.start_ready()
        case Change.KILL:
            await harness.start_ready()


async def _ended(harness: Harness, worker: WorkerProcess) -> None:
    code = await worker.exit_code()
    if code != 0:
        ending = f"{worker.name} ended with {code} after SIGTERM (None: it did not end)"
        harness.note_wrong([f"{ending}: {tail(worker.log, 3)}"])
        worker.kill()
    if worker in harness.workers:
        harness.workers.remove(worker)
