import pytest

from processors.transport.partition_ownership import Ownership


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_partition_that_stays_in_the_next_generation_is_owned_without_a_break() -> None:
    clock = Clock()
    ownership = Ownership(monotonic=clock)
    clock.now = 10.0
    ownership.assigned({1, 2}, generation=5)
    clock.now = 20.0
    ownership.assigned({2, 3}, generation=6)
    assert (ownership.since(2), ownership.since(3)) == (10.0, 20.0)
    with pytest.raises(KeyError):
        ownership.since(1)


def test_a_partition_that_comes_back_is_owned_anew() -> None:
    clock = Clock()
    ownership = Ownership(monotonic=clock)
    ownership.assigned({1}, generation=5)
    ownership.assigned(set(), generation=6)
    clock.now = 30.0
    ownership.assigned({1}, generation=7)
    assert ownership.since(1) == 30.0


def test_a_worker_that_missed_a_generation_owns_all_partitions_anew() -> None:
    clock = Clock()
    ownership = Ownership(monotonic=clock)
    ownership.assigned({1}, generation=5)
    clock.now = 40.0
    ownership.assigned({1}, generation=7)
    assert ownership.since(1) == 40.0
