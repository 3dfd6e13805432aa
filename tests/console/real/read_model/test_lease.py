"""The projector's lease."""

import threading

import pytest
from sqlalchemy import Engine, select

from console.read_model.store.engine import writing
from console.read_model.store.lease import HELD_FOR_MS, Lease, LeaseLostError
from console.read_model.store.tables import projection


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def hold(engine: Engine, lease: Lease) -> int:
    with writing(engine) as connection:
        return lease.hold(connection)


def test_one_has_it_and_another_one_waits_until_it_is_given_back(engine: Engine) -> None:
    first, second = Lease(engine), Lease(engine)
    assert first.take()
    assert not second.take()
    first.give_back()
    assert second.take()


def test_it_is_free_some_seconds_after_its_holder_was_last_heard_of(engine: Engine) -> None:
    clock = Clock()
    first, second = Lease(engine, now=clock), Lease(engine, now=clock)
    assert first.take()
    clock.ms += HELD_FOR_MS
    first.renew(caught_up=False)
    clock.ms += HELD_FOR_MS
    assert not second.take()
    clock.ms += 1
    assert second.take()


def test_a_projector_that_lost_the_lease_writes_nothing_more(engine: Engine) -> None:
    first, second = Lease(engine), Lease(engine)
    first.take()
    assert second.take(by_force=True)
    with pytest.raises(LeaseLostError):
        hold(engine, first)
    with pytest.raises(LeaseLostError):
        first.renew(caught_up=True)
    first.give_back()
    assert hold(engine, second)
    assert second.caught_up_at() == 0


def test_who_was_late_and_lost_it_to_nobody_goes_on(engine: Engine) -> None:
    clock = Clock()
    lease = Lease(engine, now=clock)
    lease.take()
    clock.ms += 10 * HELD_FOR_MS
    assert hold(engine, lease)


def test_revisions_grow_whatever_the_clock_does_and_whoever_writes(engine: Engine) -> None:
    clock = Clock()
    lease = Lease(engine, now=clock)
    lease.take()
    revisions = [hold(engine, lease)]
    for step in (0, 5, -500, 0):
        clock.ms += step
        revisions.append(hold(engine, lease))
    other = Lease(engine, now=clock)
    other.take(by_force=True)
    revisions.append(hold(engine, other))
    assert revisions == sorted(set(revisions))


def test_a_revision_of_a_lost_database_is_lower_than_those_of_the_next(engine: Engine) -> None:
    clock = Clock()
    lease = Lease(engine, now=clock)
    lease.take()
    before = hold(engine, lease)
    with writing(engine) as connection:
        connection.execute(projection.delete())
    clock.ms += 60_000
    lease.take()
    assert hold(engine, lease) > before


def test_of_many_that_want_it_at_once_one_gets_it(engine: Engine) -> None:
    at_once = threading.Barrier(6)
    got: list[bool] = []

    def take() -> None:
        at_once.wait()
        got.append(Lease(engine).take())

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]


def test_the_lease_stores_when_everything_was_projected(engine: Engine) -> None:
    clock = Clock()
    lease = Lease(engine, now=clock)
    assert lease.caught_up_at() == 0
    lease.take()
    lease.renew(caught_up=False)
    assert lease.caught_up_at() == 0
    lease.renew(caught_up=True)
    assert Lease(engine).caught_up_at() == clock.ms
    with engine.connect() as connection:
        assert len(connection.execute(select(projection)).all()) == 1
