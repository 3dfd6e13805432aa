"""What a stress says at its end: a pure function of what was seen."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from tests.stress.observations import Ended, Observations, Trial


@dataclass(frozen=True)
class Report:
    """Lines for a person, the last of which sums up, and the exit code."""

    lines: tuple[str, ...]
    code: int


def report_of(seen: Observations, *, goal: float | None) -> Report:
    """The report.

    Args:
        seen: what was seen.
        goal: seconds that the slowest should take; a figure to compare with, which decides nothing. None: there is none.
    """
    hung = sum(trial.seconds is None for trial in seen.trials)
    counted = Counter(trial.group for trial in seen.trials if trial.counted)
    parts = [f"{number} {group}" for group, number in sorted(counted.items())]
    parts.append(f"{hung} hung")
    if seen.ended:
        parts.append(f"{len(seen.ended)} workers ended by themselves")
    if seen.restarts:
        parts.append(f"{len(seen.restarts)} processes started again")
    if seen.wrong:
        parts.append(f"{len(seen.wrong)} times something was lost, doubled or wrong")
    slowest = max((trial.seconds for trial in seen.trials if trial.seconds is not None), default=None)
    if slowest is not None:
        parts.append(f"slowest {slowest:.1f} s" + ("" if goal is None else f" (goal {goal:.1f} s)"))
    lines = (
        *_by_what(seen.trials),
        *seen.figures,
        *(f"ended by itself: {one.name}, exit code {one.code}: {one.said}" for one in seen.ended),
        *_why(seen.restarts),
        *(f"wrong: {sentence}" for sentence in seen.wrong),
        f"stress: {', '.join(parts)}",
    )
    return Report(lines, code=1 if hung or seen.ended or seen.wrong else 0)


def _by_what(trials: Iterable[Trial]) -> list[str]:
    kinds: dict[tuple[str, str], list[float | None]] = {}
    for trial in trials:
        kinds.setdefault((trial.group, trial.what), []).append(trial.seconds)
    return [f"{group}, {what}: {_figures(seconds)}" for (group, what), seconds in sorted(kinds.items())]


def _why(restarts: Iterable[Ended]) -> list[str]:
    kinds = Counter((one.name.rpartition("/")[2].rstrip("0123456789-"), one.code, one.said) for one in restarts)
    return [
        f"started again {times} times: {name}, exit code {code}: {said}" for (name, code, said), times in kinds.items()
    ]


def _figures(seconds: list[float | None]) -> str:
    done = [one for one in seconds if one is not None]
    told = f"{len(seconds)} times, {len(seconds) - len(done)} hung"
    return f"{told}, median {median(done):.1f} s, slowest {max(done):.1f} s" if done else told
