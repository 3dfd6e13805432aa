"""The stall detector, step by step."""

from typing import Any

import pytest

from console.stall_detector import LONGEST_STEP, STALL_TIMEOUT, StallDetector

ONE, OTHER = ("t", 0), ("t", 1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A consumer that is checked every five seconds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stall_detector = StallDetector(now=self.clock)
        self.stall_detector.restarted()

    def check(self, position: int, end: int, *, delivered: bool = False, more: bool = False) -> list[tuple[str, int]]:
        self.clock.now += 5.0
        self.stall_detector.polled(delivered=delivered, more=more)
        return self.stall_detector.compared({ONE: position, OTHER: 3}, {ONE: end, OTHER: 3})


def test_a_consumer_that_is_behind_and_delivers_nothing_has_stalled_after_the_timeout() -> None:
    watched = Watched()
    found = [watched.check(5, 9) for _ in range(5)]
    assert found == [[], [], [], [], [ONE]]
    assert watched.clock.now - 5.0 == STALL_TIMEOUT
    assert watched.stall_detector.stalled()


@pytest.mark.parametrize(
    "checks",
    [
        [{"position": 9, "end": 9}] * 9,
        [{"position": number, "end": 99} for number in range(9)],
        [{"position": 5, "end": 9, "more": True}] * 9,
        [{"position": 5, "end": 9}] * 4 + [{"position": 9, "end": 9}] + [{"position": 9, "end": 10}] * 4,
    ],
    ids=["at_its_end", "reads_on", "others_come_first", "behind_anew"],
)
def test_consumers_that_have_not_stalled(checks: list[dict[str, Any]]) -> None:
    watched = Watched()
    assert [watched.check(**check) for check in checks] == [[]] * len(checks)
    assert not watched.stall_detector.stalled()


def still() -> Watched:
    watched = Watched()
    for _ in range(5):
        watched.check(5, 9)
    watched.stall_detector.restarted()
    return watched


def test_a_new_consumer_is_believed_once_it_delivers_or_nothing_is_left() -> None:
    watched = still()
    watched.check(5, 9)
    assert watched.stall_detector.stalled()
    watched.check(7, 9, delivered=True)
    assert not watched.stall_detector.stalled()
    watched = still()
    watched.check(9, 9)
    assert not watched.stall_detector.stalled()


def test_a_new_consumer_has_the_whole_timeout() -> None:
    watched = still()
    assert [watched.check(5, 9) for _ in range(5)] == [[], [], [], [], [ONE]]


def test_one_that_knows_why_it_waits_does_not_stand_still() -> None:
    watched = still()
    watched.stall_detector.paused()
    assert not watched.stall_detector.stalled()


def test_a_step_that_does_not_end_stands_still() -> None:
    watched = Watched()
    with watched.stall_detector.step():
        watched.clock.now += LONGEST_STEP - 0.1
        assert not watched.stall_detector.stalled()
        watched.clock.now += 0.1
        assert watched.stall_detector.stalled()
    assert not watched.stall_detector.stalled()
