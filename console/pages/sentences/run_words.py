"""A run in words and figures: its progress, the time left, its summary."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from console.pages.sentences.words import ALWAYS_COUNTED, PROGRESS, STATES, counted
from console.read_model.store.views import RunView, VendorState
from console.topic_queries.runs import began_at

TOO_EARLY: Final = timedelta(seconds=2)
"""A guess of the time left is worth something from then on."""
YOUNG: Final = timedelta(minutes=1)

_TROUBLES: Final = (VendorState.FAILED, VendorState.REJECTED, VendorState.MISSING, VendorState.PARKED)
_SETTLED: Final = (VendorState.UPDATED, VendorState.UNCHANGED, VendorState.LEFT_ALONE, *_TROUBLES, VendorState.SKIPPED)
_IN_SUMMARY: Final = {
    VendorState.MISSING: "not found in Vantaca",
    VendorState.PARKED: "waiting until syncing can go on",
}
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


def is_young(run_id: str, now: datetime) -> bool:
    """Whether the run was asked for within the last minute, so that it may be unknown as yet."""
    return abs(now - datetime.fromtimestamp(began_at(run_id) / 1000, UTC)) < YOUNG


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the bar: where it begins and how wide it is, in per cent."""

    tone: str
    state: VendorState
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many vendors are in a state; ``shown`` also where there are none, or only then when there are some."""

    state: VendorState
    label: str
    tone: str
    number: int
    shown: bool


def counts(run: RunView) -> tuple[Count, ...]:
    """The counts of a run that the page shows."""
    return tuple(
        Count(
            state=state,
            label=STATES[state].label,
            tone=STATES[state].tone,
            number=run.by_state.get(state, 0),
            shown=state in ALWAYS_COUNTED or run.by_state.get(state, 0) > 0,
        )
        for state in PROGRESS
    )


def segments(run: RunView) -> tuple[Segment, ...]:
    """The bar: settled vendors by state, from the left, then what is being written; the rest waits."""
    start, parts = 0.0, []
    for state in (*_SETTLED, VendorState.WRITING):
        width = 100 * run.by_state.get(state, 0) / run.total if run.total else 0.0
        parts.append(Segment(tone=STATES[state].tone, state=state, start=round(start, 3), width=round(width, 3)))
        start += width
    return tuple(parts)


def percent(run: RunView) -> int:
    """How much of the run is settled, rounded down: 100 only when all is."""
    if run.done:
        return 100
    return 100 * run.settled // run.total if run.total else 0


def time_left(run: RunView, now: datetime) -> str | None:
    """A rough time until the run is done, such as ``about 2 minutes left``; None where it can't be guessed."""
    took = now - run.at
    if run.done or not run.expanded or not run.settled or took < TOO_EARLY:
        return None
    return f"{roughly(took.total_seconds() * (run.total - run.settled) / run.settled)} left"


def roughly(seconds: float) -> str:
    """A length of time that nobody takes for exact."""
    if seconds < 10:  # noqa: PLR2004 -- below it a number would change with every look
        return "a few seconds"
    if seconds < 55:  # noqa: PLR2004 -- from here on it is about a minute
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < _HOUR - _MINUTE / 2:
        return f"about {counted(max(1, round(seconds / _MINUTE)), 'minute')}"
    return f"about {counted(round(seconds / _HOUR), 'hour')}"


def took(run: RunView) -> str | None:
    """How long the run took, such as ``14 s`` or ``3 min 5 s``; None while it goes on."""
    if run.ended_at is None:
        return None
    seconds = max(0, round((run.ended_at - run.at).total_seconds()))
    hours, seconds = divmod(seconds, _HOUR)
    minutes, seconds = divmod(seconds, _MINUTE)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if seconds else "under 1 s"


def heading(run: RunView) -> str:
    """The heading of a run."""
    if run.refusal is not None:
        return "This sync was refused"
    if not run.done:
        return "Sync in progress"
    return "Sync finished" if not troubled(run) else f"Sync finished, {counted(troubled(run), 'vendor')} not synced"


def troubled(run: RunView) -> int:
    """Vendors of the run that did not come to agree."""
    return sum(run.by_state.get(state, 0) for state in _TROUBLES)


def summary(run: RunView) -> str:
    """The run in one sentence, once it is done."""
    if run.refusal is not None:
        return run.refusal
    if not run.total:
        return "No vendor is linked to a provider in Vantaca, so there was nothing to sync."
    length = took(run)
    return f"{counted(run.total, 'vendor')} checked{f' in {length}' if length else ''}: {_counts_in_words(run)}."


def result(run: RunView) -> str:
    """The result of the run so far, for a line of the history."""
    if run.refusal is not None:
        return run.refusal
    if not run.done:
        return f"{run.settled:,} of {counted(run.total, 'vendor')} are done."
    return f"{counted(run.total, 'vendor')}: {_counts_in_words(run)}." if run.total else "No vendor is linked."


def _counts_in_words(run: RunView) -> str:
    return ", ".join(
        f"{run.by_state[state]:,} {_IN_SUMMARY.get(state, STATES[state].label.lower())}"
        for state in _SETTLED
        if run.by_state.get(state)
    )


def not_queued_again(run: RunView) -> str | None:
    """The sentence about vendors that an earlier press had queued already; None where there were none."""
    number = run.already_in_progress
    if not number:
        return None
    verb = "was" if number == 1 else "were"
    return f"{counted(number, 'vendor')} {verb} already in progress and {verb} not queued again."
