"""Plays schedules against the real parts.

python -m tests.chaos.scenario --seeds 20 [--first 0] [--vendors 600] [--weakness early|stock]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.environment import Stage, stage_of
from tests.chaos.faults import LeftOutError, strike
from tests.chaos.invariants import answers
from tests.chaos.schedule import Fault, Schedule, Strike, schedule_of
from tests.support.slowness import patient

VENDORS = 600
SETTLE_TIMEOUT = 150.0
"""Seconds that everything may take to come right once nothing is broken any more."""
STOP_SECONDS = patient(25.0)


@dataclass(kw_only=True)
class Played:
    """What came of a play; ``wrong`` is empty when all is well."""

    schedule: Schedule
    wrong: list[str]
    struck: Counter[Fault] = field(default_factory=Counter)
    left_out: Counter[Fault] = field(default_factory=Counter)
    exits: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"python -m tests.chaos.scenario --first {self.schedule.seed} --seeds 1"


async def play(
    schedule: Schedule,
    *,
    folder: Path,
    vendors: int = VENDORS,
    settle_timeout: float = SETTLE_TIMEOUT,
    weakness: str = "",
) -> Played:
    """Play a schedule and ask the questions."""
    began = time.monotonic()
    played = Played(schedule=schedule, wrong=[])
    faults = {each.fault for each in schedule.strikes}
    async with stage_of(
        folder=folder,
        nodes=schedule.nodes,
        small_kafka_disk=Fault.KAFKA_DISK_FULL in faults,
        small_worker_disk=Fault.WORKER_DISK_FULL in faults,
        vendors=vendors,
        weakness=weakness,
    ) as stage:
        async with asyncio.TaskGroup() as acts:
            for at in schedule.presses:
                acts.create_task(_press(stage, at))
            for number, at in enumerate(schedule.changes):
                acts.create_task(_change(stage, at, number))
            for each in schedule.strikes:
                acts.create_task(_strike(stage, each, played))
        await stage.correct_poisoned_vendors()
        played.wrong += await answers(stage, seconds=settle_timeout)
        played.wrong += [
            f"{name} ended with {code} after {took:.0f} s on SIGTERM"
            for name, (code, took) in (await stage.stop_workers()).items()
            if code != 0 or took > STOP_SECONDS
        ]
        played.exits = stage.exits
    played.seconds = time.monotonic() - began
    return played


async def _press(stage: Stage, at: float) -> None:
    await asyncio.sleep(at)
    if at:
        await stage.turn_over()
    for client in list(stage.books):
        await stage.press(client)


async def _change(stage: Stage, at: float, number: int) -> None:
    await asyncio.sleep(at)
    await stage.change(number)


async def _strike(stage: Stage, what: Strike, played: Played) -> None:
    await asyncio.sleep(what.at)
    try:
        await strike(stage, what)
    except LeftOutError:
        played.left_out[what.fault] += 1
    else:
        played.struck[what.fault] += 1


def report(played: Played) -> str:
    """One play as a person reads it."""
    if not played.wrong:
        return f"seed {played.schedule.seed}: well, in {played.seconds:.0f} s; worker exits {dict(played.exits)}"
    wrong = "\n".join(f"    {sentence}" for sentence in played.wrong)
    return f"{played.schedule}\n  WRONG after {played.seconds:.0f} s:\n{wrong}\n  again: {played.command}"


def main() -> None:
    """Play some seeds; exit 1 when something is not as it must be."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--vendors", type=int, default=VENDORS)
    parser.add_argument("--weakness", choices=("", "early", "stock"), default="")
    parser.add_argument("--keep", type=Path, help="a folder for the logs of plays that went wrong")
    arguments = parser.parse_args()
    struck: Counter[Fault] = Counter()
    left_out: Counter[Fault] = Counter()
    wrong = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-", dir=arguments.keep))
        played = asyncio.run(
            play(schedule_of(seed), folder=folder, vendors=arguments.vendors, weakness=arguments.weakness)
        )
        print(report(played), flush=True)
        if played.wrong:
            print(f"  logs: {folder}", flush=True)
        struck += played.struck
        left_out += played.left_out
        wrong += bool(played.wrong)
    for fault in Fault:
        print(f"{struck[fault]:4d} {fault}{f' ({left_out[fault]} left out here)' if left_out[fault] else ''}")
    print(f"{arguments.seeds} seeds, {wrong} went wrong.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
