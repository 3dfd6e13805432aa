"""Whether our own producer is broken, or Kafka takes nothing."""

from itertools import pairwise
from typing import Any

import pytest

from processors.watchdog.delivery import DeliveryLook, broken_since


def looks(count: int, **fields: Any) -> list[DeliveryLook]:
    """Looks a second apart at a producer that has lost its connections; a field may be a function of the look's number."""
    given = {"waiting": 3, "delivered": 7, "answered": False, "kafka": True} | fields
    return [
        DeliveryLook(
            at=float(number),
            **{name: value(number) if callable(value) else value for name, value in given.items()},
        )
        for number in range(count)
    ]


def since(history: list[DeliveryLook]) -> float | None:
    found: float | None = None
    for before, now in pairwise([None, *history]):
        assert now is not None
        found = broken_since(found, before, now)
    return found


def test_it_is_broken_from_the_second_look_at_the_same_records_on() -> None:
    assert since(looks(1)) is None
    assert since(looks(2)) == 1.0
    assert since(looks(21)) == 1.0


@pytest.mark.parametrize(
    "why",
    [
        {"kafka": False},
        {"answered": True},
        {"waiting": 0},
        {"delivered": lambda number: number},
        {"waiting": lambda number: number % 2},
    ],
    ids=["kafka_unavailable", "kafka_refuses_writes", "nothing_to_deliver", "it_delivers", "other_records_wait"],
)
def test_what_is_no_broken_producer(why: dict[str, Any]) -> None:
    assert since(looks(30, **why)) is None


@pytest.mark.parametrize("why", [{"kafka": False}, {"answered": True}, {"waiting": 0}, {"delivered": 6}])
def test_one_look_that_shows_otherwise_starts_anew(why: dict[str, Any]) -> None:
    history = looks(30)
    history[20:21] = looks(21, **why)[20:]
    found = since(history)
    assert found is not None
    assert found > 20.0
