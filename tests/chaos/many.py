"""Many events, and workers that are started and ended all the time.

python -m tests.chaos.many [--events 31300] [--seconds 60] [--seed 1] [--weakness early|stock]
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from console.topic_queries.run_progress import RunCounts, RunProgress
from console.topic_queries.runs import status_of
from tests.chaos.environment import Stage, stage_of
from tests.chaos.invariants import doubled, uncommitted
from tests.support.slowness import patient

PAUSES = (2.0, 6.0)
FEWEST, MOST = 2, 4
SETTLE_TIMEOUT = patient(180.0)
QUIET_SECONDS = patient(30.0)
"""Lost is what is not settled although nothing was settled for so long."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What became of the events. ``workers`` counts the processes that were started."""

    events: int
    lost: int
    workers: int
    wrong: tuple[str, ...]


async def count(*, folder: Path, events: int, seconds: float, seed: int, weakness: str = "") -> Counted:
    """Press once for so many linked vendors, start and end workers for so long, and count what was never answered."""
    rng = random.Random(seed)  # noqa: S311 -- meant to repeat
    async with stage_of(
        folder=folder, nodes=1, small_kafka_disk=False, small_worker_disk=False, vendors=events, weakness=weakness
    ) as stage:
        stage.sandbox.faults.clear()
        for client in stage.books:
            await stage.press(client)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(rng.uniform(*PAUSES))
            _start_or_end(stage, rng)
        left = await _wait(stage)
        wrong = [*await asyncio.to_thread(doubled, stage), *await asyncio.to_thread(uncommitted, stage)]
        return Counted(
            events=sum(one.queued for one in left),
            lost=sum(one.queued + one.already_in_progress - one.settled for one in left),
            workers=sum(slot.starts for slot in stage.slots.values()),
            wrong=tuple(wrong),
        )


def _start_or_end(stage: Stage, rng: random.Random) -> None:
    wanted = [slot for slot in stage.slots.values() if slot.wanted]
    if len(wanted) < FEWEST or (len(wanted) < MOST and rng.random() < 0.5):
        stage.add_worker()
        return
    slot = rng.choice(wanted)
    slot.wanted = False
    slot.process.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))


async def _wait(stage: Stage) -> list[RunCounts]:
    """The runs' counts when all is settled and committed, or when nothing moves any more."""
    deadline = time.monotonic() + SETTLE_TIMEOUT
    settled, moved_at = -1, time.monotonic()
    while True:
        runs = await asyncio.to_thread(_runs, stage)
        counts = [run.counts() for run in runs]
        done = all(run.done for run in runs) and not await asyncio.to_thread(uncommitted, stage)
        now = time.monotonic()
        if (found := sum(one.settled for one in counts)) != settled:
            settled, moved_at = found, now
        if done or now > deadline or now - moved_at > QUIET_SECONDS:
            return counts
        await asyncio.sleep(1.0)


def _runs(stage: Stage) -> list[RunProgress]:
    return [status_of(stage.bootstrap, run_id, stage.codec) for run_id in stage.runs]


def main() -> None:
    """Print what was counted; exit 1 when something was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=31_300, help="vendors; one in twenty-five is not linked")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weakness", choices=("", "early", "stock"), default="")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-many-"))
    counted = asyncio.run(count(folder=folder, **vars(arguments)))
    print(counted)
    sys.exit(1 if counted.lost or counted.wrong else 0)


if __name__ == "__main__":
    main()
