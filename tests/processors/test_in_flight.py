import asyncio
import logging

import pytest

from processors.in_flight import InFlight
from tests.support.eventually import eventually_async
from tests.support.slowness import patient


class Work:
    """Pieces of work that end when told."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.done: list[str] = []
        self.cancelled: list[str] = []

    async def piece(self, name: str) -> None:
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.done.append(name)


@pytest.fixture
async def work() -> Work:
    return Work()


@pytest.fixture
def crashes() -> list[BaseException]:
    return []


@pytest.fixture
async def in_flight(crashes: list[BaseException]) -> InFlight:
    return InFlight(on_crash=crashes.append)


async def test_draining_waits_for_the_work_of_these_partitions_and_no_other(in_flight: InFlight, work: Work) -> None:
    other = Work()
    in_flight.start(0, work.piece("a"))
    in_flight.start(1, work.piece("b"))
    elsewhere = in_flight.start(2, other.piece("c"))
    draining = asyncio.create_task(in_flight.drain({0, 1}, seconds=patient(30)))
    done, _ = await asyncio.wait({draining}, timeout=0.02)
    assert not done
    work.may_end.set()
    await draining
    assert sorted(work.done) == ["a", "b"]
    assert not elsewhere.done()
    other.may_end.set()
    await elsewhere


async def test_what_is_late_is_cancelled_and_said(
    in_flight: InFlight, work: Work, crashes: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    in_flight.start(0, work.piece("a"))
    in_flight.start(0, work.piece("b"))
    with caplog.at_level(logging.WARNING, logger="processors.in_flight"):
        await in_flight.drain({0}, seconds=0.01)
    assert sorted(work.cancelled) == ["a", "b"]
    assert work.done == []
    assert [record.getMessage() for record in caplog.records] == [
        "2 pieces of work were not done in 0 s and are left to the partitions' next owner."
    ]
    assert crashes == []


async def test_draining_where_nothing_is_under_way_returns_at_once(in_flight: InFlight, work: Work) -> None:
    await in_flight.drain({0, 1}, seconds=patient(30))
    ended = in_flight.start(0, work.piece("a"))
    work.may_end.set()
    await ended
    await in_flight.drain({0}, seconds=patient(30))


async def test_work_that_fails_is_told_as_a_crash_and_the_other_work_goes_on(
    in_flight: InFlight, work: Work, crashes: list[BaseException]
) -> None:
    fault = RuntimeError("a fault of the worker")

    async def failing() -> None:
        raise fault

    in_flight.start(0, work.piece("a"))
    in_flight.start(0, failing())
    await eventually_async(lambda: crashes == [fault])
    work.may_end.set()
    await in_flight.drain({0}, seconds=patient(30))
    assert work.done == ["a"]
    assert crashes == [fault]


async def test_work_begun_after_a_drain_is_kept_as_before(in_flight: InFlight, work: Work) -> None:
    in_flight.start(0, work.piece("a"))
    await in_flight.drain({0}, seconds=0.01)
    in_flight.start(0, work.piece("b"))
    work.may_end.set()
    await in_flight.drain({0}, seconds=patient(30))
    assert (work.cancelled, work.done) == (["a"], ["b"])
