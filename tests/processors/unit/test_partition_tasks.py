import asyncio
import logging

import pytest

from processors.transport.partition_tasks import AT_ONCE, Drain, PartitionTasks, Phase
from tests.support.eventually import eventually_async
from tests.support.slowness import patient

LONG = patient(30.0)
SHORT = 0.02
"""Seconds. A drain that ends because of a short limit does so long before a long one."""


class Work:
    """Pieces of work that end when told."""

    def __init__(self, in_flight: PartitionTasks) -> None:
        self.may_end = asyncio.Event()
        self.begun: list[str] = []
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self._in_flight = in_flight

    async def piece(self, name: str, phase: Phase = Phase.CALLING, *then: Phase) -> None:
        """Wait in this phase until told, and go on through the others without waiting."""
        self.begun.append(name)
        self._in_flight.enter(phase)
        try:
            await self.may_end.wait()
            for following in then:
                self._in_flight.enter(following)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.done.append(name)


@pytest.fixture
def crashes() -> list[BaseException]:
    return []


@pytest.fixture
async def in_flight(crashes: list[BaseException]) -> PartitionTasks:
    return PartitionTasks(on_crash=crashes.append)


@pytest.fixture
async def work(in_flight: PartitionTasks) -> Work:
    return Work(in_flight)


@pytest.mark.parametrize(
    ("phase", "since", "ends"),
    [
        (Phase.WAITING, 5.0, AT_ONCE),
        (Phase.WAITING, 12.0, AT_ONCE),
        (Phase.SETTLING, 5.0, 11.0),
        (Phase.SETTLING, 12.0, 13.0),
        (Phase.SETTLING, 24.5, 25.0),
        (Phase.CALLING, 5.0, 25.0),
        (Phase.CALLING, 12.0, 25.0),
    ],
)
def test_a_drain_gives_each_phase_its_time(phase: Phase, since: float, ends: float) -> None:
    assert Drain(10.0, 15.0, 1.0).ends(phase, since) == ends


def test_what_is_on_its_way_to_kafka_never_outlasts_the_drain() -> None:
    assert Drain(10.0, 0.5, 1.0).ends(Phase.SETTLING, 10.0) == 10.5


async def test_draining_waits_for_the_calls_of_these_partitions_and_no_other(
    in_flight: PartitionTasks, work: Work
) -> None:
    other = Work(in_flight)
    in_flight.start(0, work.piece("a"))
    in_flight.start(1, work.piece("b"))
    in_flight.start(2, other.piece("c", Phase.WAITING))
    await eventually_async(lambda: work.begun == ["a", "b"])
    draining = asyncio.create_task(in_flight.drain({0, 1}, seconds=LONG, settling=LONG))
    done, _ = await asyncio.wait({draining}, timeout=0.02)
    assert not done
    work.may_end.set()
    await draining
    assert sorted(work.done) == ["a", "b"]
    assert (other.done, other.cancelled) == ([], [])
    other.may_end.set()
    await eventually_async(lambda: other.done == ["c"])


async def test_what_only_waits_is_cut_at_once_and_calls_are_not(
    in_flight: PartitionTasks, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = Work(in_flight)
    in_flight.start(0, waiting.piece("waits", Phase.WAITING))
    in_flight.start(0, work.piece("calls", Phase.CALLING, Phase.SETTLING))
    in_flight.start(0, work.piece("sends", Phase.SETTLING))
    await eventually_async(lambda: len(work.begun) == 2)
    with caplog.at_level(logging.INFO, logger="processors.transport.partition_tasks"):
        draining = asyncio.create_task(in_flight.drain({0}, seconds=LONG, settling=LONG))
        await eventually_async(lambda: waiting.cancelled == ["waits"])
        assert not draining.done()
        work.may_end.set()
        await draining
    assert (sorted(work.done), work.cancelled) == (["calls", "sends"], [])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "1 pieces of work only waited and are left to the partitions' next owner.")
    ]


async def test_what_takes_too_long_is_cut_and_logged(
    in_flight: PartitionTasks, work: Work, crashes: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    in_flight.start(0, work.piece("a"))
    in_flight.start(0, work.piece("b", Phase.SETTLING))
    await eventually_async(lambda: len(work.begun) == 2)
    with caplog.at_level(logging.WARNING, logger="processors.transport.partition_tasks"):
        await in_flight.drain({0}, seconds=2 * SHORT, settling=SHORT)
    assert sorted(work.cancelled) == ["a", "b"]
    assert work.done == []
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "2 pieces of work were not done in time (1 calls in 0.04 s, 1 waits for Kafka in 0.02 s)"
    )
    assert crashes == []


async def test_what_is_sent_after_a_call_has_its_own_time(in_flight: PartitionTasks) -> None:
    call_ends, cut = asyncio.Event(), asyncio.Event()

    async def call_and_send() -> None:
        in_flight.enter(Phase.CALLING)
        await call_ends.wait()
        in_flight.enter(Phase.SETTLING)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.set()
            raise

    in_flight.start(0, call_and_send())
    draining = asyncio.create_task(in_flight.drain({0}, seconds=LONG, settling=SHORT))
    done, _ = await asyncio.wait({draining}, timeout=3 * SHORT)
    assert not done
    assert not cut.is_set()
    call_ends.set()
    await draining
    assert cut.is_set()


async def test_work_that_comes_to_a_wait_in_a_drain_is_cut_there(in_flight: PartitionTasks, work: Work) -> None:
    steps: list[int] = []

    async def in_steps() -> None:
        in_flight.enter(Phase.SETTLING)
        await work.may_end.wait()
        for step in range(100):
            in_flight.enter(Phase.WAITING)
            await asyncio.sleep(0)
            in_flight.enter(Phase.SETTLING)
            steps.append(step)

    in_flight.start(0, in_steps())
    draining = asyncio.create_task(in_flight.drain({0}, seconds=LONG, settling=LONG))
    await asyncio.wait({draining}, timeout=SHORT)
    work.may_end.set()
    await draining
    assert steps == []


async def test_work_that_passes_a_wait_without_waiting_goes_on(in_flight: PartitionTasks, work: Work) -> None:
    in_flight.start(0, work.piece("a", Phase.CALLING, Phase.WAITING, Phase.SETTLING))
    draining = asyncio.create_task(in_flight.drain({0}, seconds=LONG, settling=LONG))
    await asyncio.wait({draining}, timeout=SHORT)
    work.may_end.set()
    await draining
    assert work.done == ["a"]


async def test_a_second_drain_shortens_the_first(in_flight: PartitionTasks, work: Work) -> None:
    in_flight.start(0, work.piece("a", Phase.SETTLING))
    first = asyncio.create_task(in_flight.drain({0}, seconds=LONG, settling=LONG))
    await asyncio.wait({first}, timeout=SHORT)
    await in_flight.drain({0}, seconds=LONG, settling=SHORT)
    await first
    assert work.cancelled == ["a"]


async def test_work_is_begun_before_it_is_cut_so_that_it_can_clean_up(in_flight: PartitionTasks, work: Work) -> None:
    in_flight.start(0, work.piece("a", Phase.WAITING))
    await in_flight.drain({0}, seconds=LONG, settling=LONG)
    assert (work.begun, work.cancelled) == (["a"], ["a"])


async def test_draining_where_nothing_is_under_way_returns_at_once(in_flight: PartitionTasks, work: Work) -> None:
    await in_flight.drain({0, 1}, seconds=LONG, settling=LONG)
    in_flight.open({0, 1})
    in_flight.start(0, work.piece("a"))
    work.may_end.set()
    await eventually_async(lambda: work.done == ["a"])
    await in_flight.drain({0}, seconds=LONG, settling=LONG)


async def test_work_that_fails_is_told_as_a_crash_and_the_other_work_goes_on(
    in_flight: PartitionTasks, work: Work, crashes: list[BaseException]
) -> None:
    fault = RuntimeError("a fault of the worker")

    async def failing() -> None:
        raise fault

    in_flight.start(0, work.piece("a"))
    in_flight.start(0, failing())
    await eventually_async(lambda: crashes == [fault])
    work.may_end.set()
    await in_flight.drain({0}, seconds=LONG, settling=LONG)
    assert work.done == ["a"]
    assert crashes == [fault]


async def test_nothing_is_begun_in_a_drained_partition_until_it_is_open_again(
    in_flight: PartitionTasks, work: Work
) -> None:
    await in_flight.drain({0}, seconds=LONG, settling=LONG)
    assert not in_flight.is_open(0)
    in_flight.start(0, work.piece("a"))
    in_flight.start(1, work.piece("b"))
    await eventually_async(lambda: work.begun == ["b"])
    in_flight.open({0})
    in_flight.start(0, work.piece("c"))
    work.may_end.set()
    await eventually_async(lambda: sorted(work.done) == ["b", "c"])
    assert work.begun == ["b", "c"]
