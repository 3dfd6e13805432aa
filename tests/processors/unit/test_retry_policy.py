from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from processors.vendor_sync.retry_policy import (
    ATTEMPTS_IN_MEMORY,
    LONGEST_PAUSE,
    GiveUp,
    RetryAt,
    RetryInMemory,
    RetryPolicy,
    next_attempt,
)
from tests.support.messages import NOW

POLICY = RetryPolicy()
LATER, GIVE_UP_AFTER = POLICY.later, POLICY.give_up_after
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)
in_memory = st.integers(min_value=1, max_value=ATTEMPTS_IN_MEMORY - 1)
used_up = st.integers(min_value=ATTEMPTS_IN_MEMORY, max_value=50)
failures = st.integers(min_value=0, max_value=50)
short_waits = st.none() | st.floats(min_value=0, max_value=LONGEST_PAUSE)
long_waits = st.floats(min_value=LONGEST_PAUSE, max_value=3600, exclude_min=True)
since = st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3)).map(NOW.__sub__)


def decide(
    *,
    attempt: int = ATTEMPTS_IN_MEMORY,
    failures: int = 0,
    failing_since: datetime | None = None,
    retry_after: float | None = None,
    jitter: float = 0.5,
) -> RetryInMemory | RetryAt | GiveUp:
    return next_attempt(
        attempt=attempt,
        failures=failures,
        failing_since=failing_since,
        retry_after=retry_after,
        now=NOW,
        jitter=jitter,
        policy=POLICY,
    )


@given(attempt=in_memory, failing_since=since, retry_after=short_waits, jitter=jitters)
def test_soon_is_within_a_bound_that_doubles_and_never_less_than_retry_after(
    attempt: int, failing_since: datetime | None, retry_after: float | None, jitter: float
) -> None:
    next_step = decide(attempt=attempt, failing_since=failing_since, retry_after=retry_after, jitter=jitter)
    assert isinstance(next_step, RetryInMemory)
    assert (retry_after or 0.0) <= next_step.seconds <= max(2.0 ** (attempt - 1), retry_after or 0.0)
    assert next_step.seconds <= LONGEST_PAUSE


@given(attempt=in_memory, retry_after=long_waits, jitter=jitters)
def test_a_long_retry_after_is_waited_for_outside_memory(attempt: int, retry_after: float, jitter: float) -> None:
    next_step = decide(attempt=attempt, retry_after=retry_after, jitter=jitter)
    assert isinstance(next_step, RetryAt)
    assert next_step.at >= NOW + timedelta(seconds=retry_after)


@given(attempt=used_up, failures=failures, retry_after=st.none() | st.floats(0, 3600), jitter=jitters)
def test_later_is_about_the_pause_of_so_many_failures_and_never_less_than_retry_after(
    attempt: int, failures: int, retry_after: float | None, jitter: float
) -> None:
    next_step = decide(attempt=attempt, failures=failures, retry_after=retry_after, jitter=jitter)
    assert isinstance(next_step, RetryAt)
    pause, wanted = LATER[min(failures, len(LATER) - 1)], timedelta(seconds=retry_after or 0.0)
    assert max(0.75 * pause, wanted) <= next_step.at - NOW <= max(1.25 * pause, wanted)


@given(failures=st.integers(min_value=0, max_value=len(LATER) - 2), one=jitters, other=jitters)
def test_later_grows_whatever_the_jitter_until_the_last_pause_repeats(failures: int, one: float, other: float) -> None:
    pauses = [decide(failures=failures, jitter=one), decide(failures=failures + 1, jitter=other)]
    first, second = (next_step.at for next_step in pauses if isinstance(next_step, RetryAt))
    assert first < second
    assert decide(failures=len(LATER) - 1, jitter=one) == decide(failures=len(LATER) + 40, jitter=one)


@given(attempt=used_up, failures=failures, jitter=jitters)
def test_it_gives_up_after_24_hours_and_not_before(attempt: int, failures: int, jitter: float) -> None:
    assert timedelta(hours=24) == GIVE_UP_AFTER
    just_not = NOW - GIVE_UP_AFTER + timedelta(milliseconds=1)
    given_up = decide(attempt=attempt, failures=failures, failing_since=NOW - GIVE_UP_AFTER, jitter=jitter)
    assert given_up == GiveUp()
    assert isinstance(decide(attempt=attempt, failures=failures, failing_since=just_not, jitter=jitter), RetryAt)


@given(st.lists(jitters, min_size=30, max_size=30))
def test_a_vendor_that_keeps_failing_is_given_up_within_28_hours(jitters_drawn: list[float]) -> None:
    now, since = NOW, NOW
    for number, jitter in enumerate(jitters_drawn):
        next_step = next_attempt(
            attempt=ATTEMPTS_IN_MEMORY,
            failures=number,
            failing_since=since,
            retry_after=None,
            now=now,
            jitter=jitter,
            policy=POLICY,
        )
        if isinstance(next_step, GiveUp):
            assert timedelta(hours=24) <= now - since <= timedelta(hours=28)
            return
        assert isinstance(next_step, RetryAt)
        now = next_step.at
    raise AssertionError("it was never given up")


@given(
    attempt=st.integers(min_value=1, max_value=50),
    failures=failures,
    failing_since=since,
    retry_after=short_waits | long_waits,
    jitter=jitters,
)
def test_the_same_question_has_the_same_answer(
    attempt: int, failures: int, failing_since: datetime | None, retry_after: float | None, jitter: float
) -> None:
    answers = [
        decide(
            attempt=attempt,
            failures=failures,
            failing_since=failing_since,
            retry_after=retry_after,
            jitter=jitter,
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
