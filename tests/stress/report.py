"""What is printed at the end of a stress: a pure function of the observations."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from tests.stress.observations import Ended, Observations, Trial


@dataclass(frozen=True)
class Report:
    """The lines, the last of which is the summary, and the exit code."""

    lines: tuple[str, ...]
    code: int


def report_of(seen: Observations, *, goal: float | None) -> Report:
    """The report.

    Args:
        seen: the observations.
        goal: seconds that the slowest trial should take; printed only, it does not change the exit code. None: no goal.
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
    done = [trial.seconds for trial in seen.trials if trial.counted and trial.seconds is not None]
    if done:
        parts.append(f"slowest {max(done):.1f} s" + ("" if goal is None else f" (goal {goal:.1f} s)"))
    lines = (
        *_by_what(seen.trials),
        *seen.figures,
        *(f"ended by itself: {one.name}, exit code {one.code}: {one.reason}" for one in seen.ended),
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
    kinds = Counter((one.name.rpartition("/")[2].rstrip("0123456789-"), one.code, one.reason) for one in restarts)
    return [
        f"started again {times} times: {name}, exit code {code}: {reason}"
        for (name, code, reason), times in kinds.items()
    ]


def _figures(seconds: list[float | None]) -> str:
    done = [one for one in seconds if one is not None]
    counts = f"{len(seconds)} times, {len(seconds) - len(done)} hung"
    return f"{counts}, median {median(done):.1f} s, slowest {max(done):.1f} s" if done else counts
