"""Decides when a failed vendor is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ATTEMPTS_IN_MEMORY: Final = 5
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The retries after the attempts in memory are used up."""

    later: tuple[timedelta, ...] = (
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=3),
    )
    """Pauses, at least one; the last one repeats."""
    give_up_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RetryInMemory:
    """Try the same event again after ``seconds``; it stays unanswered meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Answer the event ``failed``; the row demands another attempt at this time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Write a dead letter: no retry will help, or none did within ``give_up_after``."""


def next_attempt(
    *,
    attempt: int,
    failures: int,
    failing_since: datetime | None,
    retry_after: float | None,
    now: datetime,
    jitter: float,
    policy: RetryPolicy,
) -> RetryInMemory | RetryAt | GiveUp:
    """Decide after a temporary failure (timeout, connection, 429, 5xx).

    ``attempt`` counts from 1 within this event, ``failures`` the failed events since the last success, ``jitter`` is drawn from
    [0, 1): the pause is anything up to a bound that doubles (full jitter), and never less than the system's ``Retry-After``.
    """
    wanted = retry_after or 0.0
    if attempt < ATTEMPTS_IN_MEMORY and wanted <= LONGEST_PAUSE:
        bound = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
        return RetryInMemory(max(bound * jitter, wanted))
    if failing_since is not None and now - failing_since >= policy.give_up_after:
        return GiveUp()
    pause = policy.later[min(failures, len(policy.later) - 1)]
    spread = pause * (0.75 + 0.5 * jitter)
    return RetryAt(now + max(spread, timedelta(seconds=wanted)))
