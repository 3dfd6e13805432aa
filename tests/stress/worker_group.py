"""Starts the workers of a harness, and waits until all partitions are worked."""

import time
from typing import Final

from tests.stress.harness import Harness
from tests.stress.observations import Trial

ATTEMPTS: Final = 5


async def restored(harness: Harness, what: str) -> bool:
    """Whether a new change on every partition is worked in time; the trial is noted under this name."""
    began = time.monotonic()
    await harness.change_probes()
    seconds = await harness.worked_everywhere(since=began)
    harness.seen.trials.append(Trial(group="restored", what=what, seconds=seconds, counted=False))
    return seconds is not None


async def start_workers(harness: Harness, count: int) -> None:
    """Start so many workers in the place of those that run, and wait until they work.

    Raises:
        RuntimeError: they hang, and so do those that replace them.
    """
    for _ in range(ATTEMPTS):
        for worker in list(harness.workers):
            harness.remove(worker)
        for worker in [harness.start() for _ in range(count)]:
            await harness.until_ready(worker)
        if await restored(harness, "all workers started"):
            return
    raise RuntimeError(await harness.describe_hang(f"workers that were just started hang, {ATTEMPTS} times"))
