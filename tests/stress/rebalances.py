"""Rebalances the group of one worker repeatedly; each recovery has all rows to recover, and its seek is answered late."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final

from tests.stress.harness import Harness
from tests.stress.observations import Trial
from tests.stress.worker_group import start_workers
from tests.stress.worker_process import recovered_since

GROUP: Final = "rebalances"
PAUSE: Final = (0.0, 1.2)
SECOND: Final = (0.0, 0.35)
"""Seconds from one rebalance to the other of a double one."""
DOUBLE: Final = 0.5
QUICKLY: Final = 3.0
"""Seconds that a recovery is given before the probes change all the same: changes would end the fetch that is under way."""
PRINT_EVERY: Final = 50


async def rebalance_repeatedly(harness: Harness, *, times: int, rng: random.Random) -> None:
    """Rebalance so many times; a worker that hangs is described, noted and replaced."""
    await start_workers(harness, 1)
    for number in range(1, times + 1):
        await asyncio.sleep(rng.uniform(*PAUSE))
        what = "double" if rng.random() < DOUBLE else "single"
        trial = await _rebalance(harness, rng, what)
        harness.seen.trials.append(trial)
        if trial.seconds is None:
            print(await harness.describe_hang(f"rebalance {number} ({what}) hangs"), flush=True)
            await start_workers(harness, 1)
        if number % PRINT_EVERY == 0:
            print(f"{harness.world.folder.name}: {number} rebalances", flush=True)


async def _rebalance(harness: Harness, rng: random.Random, what: str) -> Trial:
    (worker,) = harness.workers
    before = await worker.ask("state")
    began = time.monotonic()
    rejoined = await worker.ask("rejoin")
    if what == "double":
        for _ in range(rng.choice((1, 1, 2))):
            await asyncio.sleep(rng.uniform(*SECOND))
            rejoined = await worker.ask("rejoin")
    await worker.until(recovered_since(rejoined.get("generation", -1)), seconds=QUICKLY)
    await harness.change_probes()
    seconds = await harness.worked_everywhere(since=began)
    if seconds is not None and worker in harness.workers:
        after = await worker.ask("state")
        rows = harness.vendors + len(harness.probes)
        harness.note_wrong(not_stressed(before, after, rows=rows, late=bool(harness.late)))
    return Trial(group=GROUP, what=what, seconds=seconds)


def not_stressed(before: Mapping[str, Any], after: Mapping[str, Any], *, rows: int, late: bool) -> list[str]:
    """What shows that a recovery was not stressed, as sentences: rows that were not recovered, or no late seek.

    Args:
        before: the worker's ``state`` before the rebalance.
        after: the same after the recovery.
        rows: how many there are to recover.
        late: whether seeks are to be answered late.
    """
    found = []
    recovered = after.get("rows_recovered", 0) - before.get("rows_recovered", 0)
    if recovered < rows:
        found.append(f"a recovery ended with {recovered} of {rows} rows")
    if late and after.get("late_seeks", 0) <= before.get("late_seeks", 0):
        found.append(
            "no seek on a changelog was late: tests/stress/site does not patch the method by which this worker seeks"
        )
    return found
