"""The sentences and figures about a run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils import uuid7

from console.pages.sentences import run_words
from console.read_model.store.views import RunView, VendorState

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def run(counts: dict[VendorState, int] | None = None, **fields: Any) -> RunView:
    counts = counts or {}
    given: dict[str, Any] = {
        "run_id": "run",
        "client_id": "acme",
        "requested_by": "Dana",
        "cause": "sync_all",
        "at": BEGAN,
        "refusal": None,
        "expanded": True,
        "done": False,
        "ended_at": None,
        "queued": sum(counts.values()),
        "already_in_progress": 0,
        "unlinked": 0,
        "unknown": 0,
        "by_state": counts,
        "revision": 1,
    }
    return RunView(**(given | fields))


def over(counts: dict[VendorState, int], seconds: float = 14) -> RunView:
    return run(counts, done=True, ended_at=BEGAN + timedelta(seconds=seconds))


def test_the_summary_has_all_that_happened_and_nothing_that_did_not() -> None:
    counts = {VendorState.UPDATED: 92, VendorState.UNCHANGED: 1540, VendorState.FAILED: 2, VendorState.MISSING: 1}
    assert run_words.summary(over(counts)) == (
        "1,635 vendors checked in 14 s: 92 updated, 1,540 unchanged, 2 failed, 1 not found in Vantaca."
    )
    assert run_words.heading(over(counts)) == "Sync finished, 3 vendors not synced"
    assert run_words.heading(over({VendorState.UPDATED: 1})) == "Sync finished"


def test_a_run_without_linked_vendors_has_a_sentence() -> None:
    assert run_words.summary(over({})) == (
        "No vendor is linked to a provider in Vantaca, so there was nothing to sync."
    )


def test_a_refused_run_shows_the_reason() -> None:
    refused = run(done=True, refusal="It ended.", expanded=False)
    assert run_words.summary(refused) == run_words.result(refused) == "It ended."
    assert run_words.heading(refused) == "This sync was refused"


def test_the_bar_is_as_full_as_the_run_is_settled() -> None:
    going = run({VendorState.QUEUED: 50, VendorState.WRITING: 10, VendorState.UPDATED: 15, VendorState.UNCHANGED: 25})
    parts = [part for part in run_words.segments(going) if part.width]
    assert [(part.state, part.start, part.width) for part in parts] == [
        (VendorState.UPDATED, 0, 15),
        (VendorState.UNCHANGED, 15, 25),
        (VendorState.WRITING, 40, 10),
    ]
    assert run_words.percent(going) == 40


def test_it_is_full_only_when_all_is_done() -> None:
    assert run_words.percent(run({VendorState.UPDATED: 999, VendorState.QUEUED: 1})) == 99
    assert run_words.percent(run(expanded=False)) == 0
    assert run_words.percent(over({})) == 100


def test_six_counts_are_shown_always_and_the_others_when_there_are_some() -> None:
    shown = [count.label for count in run_words.counts(run({VendorState.PARKED: 1})) if count.shown]
    assert shown == ["Queued", "In progress", "Updated", "Unchanged", "Left alone", "Failed", "Waiting"]


@pytest.mark.parametrize(
    ("fields", "seconds", "sentence"),
    [
        ({}, 10, "about 40 seconds left"),
        ({}, 60, "about 4 minutes left"),
        ({}, 1, None),
        ({"expanded": False}, 10, None),
        ({"done": True}, 10, None),
    ],
)
def test_the_time_left_is_estimated_from_the_settled_vendors(
    fields: dict[str, Any], seconds: int, sentence: str | None
) -> None:
    going = run({VendorState.QUEUED: 80, VendorState.UNCHANGED: 20}, **fields)
    assert run_words.time_left(going, BEGAN + timedelta(seconds=seconds)) == sentence


@pytest.mark.parametrize(
    ("seconds", "sentence"), [(0.2, "under 1 s"), (14, "14 s"), (185, "3 min 5 s"), (7260, "2 h 1 min")]
)
def test_how_long_it_took(seconds: float, sentence: str) -> None:
    assert run_words.took(over({}, seconds)) == sentence


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, None),
        (1, "1 vendor was already in progress and was not queued again."),
        (1200, "1,200 vendors were already in progress and were not queued again."),
    ],
)
def test_vendors_that_were_not_queued_again(number: int, sentence: str | None) -> None:
    assert run_words.not_queued_again(run(already_in_progress=number)) == sentence


def test_a_run_is_young_for_a_minute() -> None:
    now = datetime.now(UTC)
    assert run_words.is_young(str(uuid7()), now)
    assert not run_words.is_young(str(uuid7()), now + timedelta(minutes=2))
    assert not run_words.is_young("nonsense", now)
