import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from accounting.port import Applied, Plan
from processors.transport.offset_ledger import Standing
from processors.watchdog import StalledError, StallTimeouts, Watchdog, conditions
from processors.watchdog.calls import LONGEST_STEP, Calls, WatchedSystem
from processors.watchdog.worker_sample import WorkerSample
from processors.work_queue import EventPosition, VendorSyncTask, WorkQueue
from schemas.records.vendor_key import VendorKey
from schemas.topics import SYNC_EXPANSION, VENDOR_SYNC
from tests.support.fake_accounting import FakeAccounting
from tests.support.messages import integration
from tests.support.slowness import patient
from tests.support.tasks import sync_task

STALL_TIMEOUT = 60.0
ONE, OTHER, EXPANSION = TP(VENDOR_SYNC.name, 1), TP(VENDOR_SYNC.name, 2), TP(SYNC_EXPANSION.name, 1)
IDLE = Standing(read_to=10, finished_to=10, committed_to=10, unfinished=0)
AT_WORK = Standing(read_to=10, finished_to=7, committed_to=7, unfinished=3)
UNCOMMITTED = Standing(read_to=10, finished_to=10, committed_to=7, unfinished=0)


def seen(at: float = 0.0, **fields: Any) -> WorkerSample:
    given: dict[str, Any] = {"at": at, "kafka": True, "partitions": {ONE: AT_WORK}}
    return WorkerSample(**given | fields)


def looks(count: int, **fields: Any) -> list[WorkerSample]:
    """Looks of a worker that does nothing, ten seconds apart; a field may be a function of the look's number."""
    return [
        seen(10.0 * number, **{name: value(number) if callable(value) else value for name, value in fields.items()})
        for number in range(count)
    ]


def wrong(history: Sequence[WorkerSample], explain: conditions.Explain = lambda _tps: frozenset()) -> list[str]:
    """Every sentence that is said at the last of these looks."""
    before: list[WorkerSample] = []
    for one in history:
        before.append(conditions.looked_into(before, one, explain, stall_timeout=STALL_TIMEOUT))
    now = before.pop()
    every: list[Callable[..., str | None]] = [
        conditions.standstill,
        conditions.uncommitted,
        conditions.unread,
        conditions.unfinished,
        conditions.not_recovering,
        conditions.not_rebalancing,
    ]
    return [said for condition in every if (said := condition(before, now, stall_timeout=STALL_TIMEOUT)) is not None]


def moving(number: int) -> Standing:
    return Standing(read_to=10 + number, finished_to=10 + number, committed_to=10 + number, unfinished=0)


def test_nothing_done_is_a_standstill_after_the_stall_timeout() -> None:
    assert wrong(looks(6)) == []
    assert wrong(looks(7)) == ["3 records are unfinished, and nothing was done for 60 s."]


@pytest.mark.parametrize(
    "why",
    [
        {"partitions": {ONE: IDLE}},
        {"kafka": False},
        {"reading": False, "assigned": False},
        {"waiting": True},
        {"steps": lambda number: number},
        {"partitions": lambda number: {ONE: AT_WORK, OTHER: moving(number)}},
        {"generation": lambda number: number},
    ],
    ids=[
        "idle",
        "kafka_away",
        "no_partitions",
        "waits",
        "calls",
        "others_move_and_it_waits_for_its_turn",
        "rebalances",
    ],
)
def test_what_is_no_standstill(why: dict[str, Any]) -> None:
    assert wrong(looks(20, **why), explain=frozenset) == []


@pytest.mark.parametrize("number", range(2, 9))
@pytest.mark.parametrize("why", [{"kafka": False}, {"waiting": True}, {"reading": False}])
def test_one_look_that_excuses_restarts_the_stall_timeout(why: dict[str, Any], number: int) -> None:
    history = looks(9)
    history[number] = replace(history[number], **why)
    assert wrong(history) == []


def test_finished_and_not_committed() -> None:
    lag = {ONE: UNCOMMITTED}
    assert wrong(looks(6, partitions=lag)) == []
    assert wrong(looks(7, partitions=lag)) == [
        "Nothing was committed for 60 s, though records were finished: vive.vendor-sync 1 at 10."
    ]
    assert wrong(looks(20, partitions=lag, kafka=False)) == []
    goes_on = looks(20, partitions=lambda number: {ONE: UNCOMMITTED._replace(committed_to=number)})
    assert [wrong(goes_on[:number]) for number in range(1, 11)] == [[]] * 10


def test_longer_than_what_was_read() -> None:
    longer = {"partitions": {ONE: IDLE}, "ends": {ONE: 12}}
    assert wrong(looks(6, **longer)) == []
    assert wrong(looks(7, **longer)) == ["There are records that were not read for 60 s: vive.vendor-sync 1 at 10."]
    assert wrong(looks(20, partitions={ONE: IDLE}, ends={ONE: 10})) == []
    just_written = looks(20, partitions={ONE: IDLE}, ends=lambda number: {ONE: 10 if number < 19 else 12})
    assert wrong(just_written) == []
    position_unknown = {"partitions": {ONE: IDLE._replace(read_to=-1)}, "ends": {ONE: 12}}
    assert wrong(looks(20, **position_unknown)) == []


def test_unfinished_while_others_are_finished() -> None:
    history = looks(13, partitions=lambda number: {ONE: AT_WORK, OTHER: moving(number)})
    assert conditions.not_getting_on(history[:5], history[5], stall_timeout=STALL_TIMEOUT) == ()
    assert conditions.not_getting_on(history[:6], history[6], stall_timeout=STALL_TIMEOUT) == (ONE,)
    assert wrong(history[1:]) == []
    assert wrong(history) == [
        "Records hang: other work was done for 60 s, but nothing moved on in vive.vendor-sync 1 at 7."
    ]


def test_unfinished_though_others_of_its_own_partition_are_finished() -> None:
    ahead = looks(13, partitions=lambda number: {ONE: AT_WORK._replace(read_to=10 + number)})
    assert len(wrong(ahead)) == 1


def test_a_record_that_was_kept_long_may_be_finished_now() -> None:
    history = looks(20, partitions=lambda number: {ONE: AT_WORK, OTHER: moving(number)})
    kept = iter([True, False, False, False, True, False, False, False])
    assert wrong(history, explain=lambda tps: frozenset(tps if next(kept) else ())) == []


def test_a_partition_that_is_accounted_for_is_asked_about_again_a_stall_timeout_later() -> None:
    history = looks(20, partitions=lambda number: {ONE: AT_WORK, OTHER: moving(number)})
    asked: list[frozenset[TP]] = []

    def explain(tps: Collection[TP]) -> frozenset[TP]:
        asked.append(frozenset(tps))
        return asked[-1]

    assert wrong(history, explain) == []
    assert asked == [{ONE}, {ONE}]


def test_a_long_expansion_is_at_work_where_its_neighbours_move() -> None:
    expands = looks(20, partitions=lambda number: {EXPANSION: AT_WORK, ONE: moving(number)})
    assert wrong(expands) == []
    hangs = looks(20, partitions=lambda number: {EXPANSION: AT_WORK, ONE: IDLE, OTHER: moving(number)})
    assert len(wrong(hangs)) == 1


def test_rows_that_do_not_come_in() -> None:
    recovers = {"reading": False, "partitions": {}}
    assert wrong(looks(6, **recovers)) == []
    assert wrong(looks(7, **recovers)) == ["The worker has had partitions for 60 s and does not get to read them."]
    assert wrong(looks(20, **recovers, rows=lambda number: number)) == []
    assert wrong(looks(20, **recovers, assigned=False)) == []
    assert wrong(looks(20, **recovers, kafka=False)) == []


def test_a_rebalance_without_an_end() -> None:
    rebalances = {"reading": False, "partitions": {}, "rebalancing": True}
    assert wrong(looks(6, **rebalances)) == []
    assert wrong(looks(7, **rebalances)) == ["The group has been sharing out its partitions anew for 60 s."]


def test_an_agent_that_ended_needs_no_stall_timeout() -> None:
    assert conditions.agent_ended(seen()) is None
    assert conditions.agent_ended(seen(ended_agents=("a", "b"))) == "Agents have ended: a, b."


class Step(NamedTuple):
    """What a worker did between two looks, and what was seen at the second."""

    seconds: float
    read: int
    finished: int
    called: int
    kafka: bool
    waiting: bool


STEPS = st.lists(
    st.builds(
        Step,
        seconds=st.floats(0.5, 50.0),
        read=st.integers(0, 2),
        finished=st.integers(0, 2),
        called=st.integers(0, 1),
        kafka=st.booleans(),
        waiting=st.booleans(),
    ),
    max_size=40,
)


def played(steps: list[Step], *, at_least_every: float | None) -> Iterator[WorkerSample]:
    """The looks of a worker with one partition. ``at_least_every``: it gets on in everything within so many seconds."""
    at, since, calls = 0.0, 0.0, 0
    read = finished = committed = 100
    yield seen(at, partitions={ONE: Standing(read, finished, committed, 0)}, ends={ONE: read})
    for step in steps:
        at += step.seconds
        must = at_least_every is not None and at - since >= at_least_every
        more_read, more_finished = (step.read, step.finished) if at_least_every is not None else (0, 0)
        read += max(more_read, int(must))
        finished = min(read, finished + max(more_finished, int(must)))
        committed = finished if must else committed
        calls += step.called if at_least_every is not None else 0
        since = at if must else since
        yield seen(
            at,
            kafka=step.kafka,
            waiting=step.waiting,
            steps=calls,
            partitions={ONE: Standing(read, finished, committed, read - finished)},
            ends={ONE: read + 1},
        )


@given(STEPS)
def test_a_worker_that_makes_progress_within_its_stall_timeout_is_never_condemned(steps: list[Step]) -> None:
    # Looks are up to 50 s apart, so what must happen within 60 s happens by the look before that.
    history = list(played(steps, at_least_every=STALL_TIMEOUT - 50.0))
    for number in range(1, len(history) + 1):
        assert wrong(history[:number]) == []


@given(STEPS, st.integers(1, 3))
def test_a_worker_that_does_nothing_is_condemned_exactly_when_nothing_excuses_it(steps: list[Step], left: int) -> None:
    hanging = {ONE: Standing(100 + left, 100, 100, left)}
    history = [replace(one, partitions=hanging) for one in played(steps, at_least_every=None)]
    *before, now = history
    excuses = [one.at for one in history if one.waiting or not one.kafka]
    unexcused_since = min((one.at for one in history if one.at > max(excuses, default=-1.0)), default=now.at)
    said = conditions.standstill(before, now, stall_timeout=STALL_TIMEOUT)
    assert (said is not None) == (now.at - unexcused_since >= STALL_TIMEOUT)


@given(STEPS, st.floats(0.0, STALL_TIMEOUT - 1.0))
def test_nothing_is_said_of_a_time_in_which_kafka_was_away(steps: list[Step], ago: float) -> None:
    history = [
        replace(one, partitions={ONE: AT_WORK, OTHER: UNCOMMITTED}, steps=0)
        for one in played(steps, at_least_every=None)
    ]
    back = replace(history[-1], at=history[-1].at + ago)
    away = replace(history[-1], kafka=False)
    assert wrong([*history[:-1], away, back]) == []


class Scene:
    """A watchdog whose looks are given, on a clock that moves between them."""

    def __init__(self, history: Sequence[WorkerSample], *, times: Callable[[int], float]) -> None:
        self._history = iter(history)
        self._times = (times(number) for number in range(10_000))
        self.accounts: list[Collection[TP]] = []
        self.dog = Watchdog(
            sample=self._look,
            explain=self._account,
            monotonic=lambda: self._now,
            timeouts=StallTimeouts(work=0.12, commits=0.12, rebalance=0.24),
        )
        self._now = next(self._times)
        self.over = asyncio.Event()

    async def _look(self) -> WorkerSample:
        self._now = next(self._times)
        try:
            return next(self._history)
        except StopIteration:
            self.over.set()
            await asyncio.Event().wait()
            raise

    def _account(self, tps: Collection[TP]) -> frozenset[TP]:
        self.accounts.append(tps)
        return frozenset(tps)

    async def run(self) -> None:
        """Until the watchdog barks or all was seen."""
        running, over = asyncio.create_task(self.dog.run()), asyncio.create_task(self.over.wait())
        async with asyncio.timeout(patient(10)):
            await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            over.cancel()
            running.result()
        running.cancel()


async def test_a_worker_that_stands_still_ends_with_a_sentence() -> None:
    with pytest.raises(StalledError, match=r"nothing was done for 0.12 s\. The worker ends so that it can be started"):
        await Scene([seen()] * 20, times=lambda number: 0.01 * number).run()


async def test_a_process_that_was_stopped_has_not_stood_still() -> None:
    scene = Scene([seen(), seen(), *[seen(steps=number) for number in range(20)]], times=lambda number: 1000.0 * number)
    await scene.run()


async def test_a_look_at_the_queue_is_taken_once_in_a_stall_timeout() -> None:
    history = [seen(partitions={ONE: AT_WORK, OTHER: moving(number)}) for number in range(40)]
    scene = Scene(history, times=lambda number: 0.01 * number)
    await scene.run()
    assert scene.accounts == [{ONE}] * 3


def task_of(offset: int, *, vendor: str = "v1") -> VendorSyncTask:
    return sync_task(VendorKey("c1", vendor), offset, partition=1)


def accounted(queue: WorkQueue, *offsets: int, calls_hang: bool = False) -> list[int]:
    places = {EventPosition(1, offset) for offset in offsets}
    return sorted(place.offset for place in queue.accounts_for(places, calls_hang=calls_hang))


def test_the_queue_accounts_for_what_waits_and_what_is_called_for() -> None:
    queue = WorkQueue(1, lambda _client: 1)
    queue.add(task_of(5))
    queue.add(task_of(6))
    queue.add(task_of(7, vendor="v2"))
    assert accounted(queue, 5, 6, 7, 8) == [5, 6, 7]
    task = queue.take(0.0)
    assert task is not None
    assert accounted(queue, 5, 6, 7) == [5, 6, 7]
    assert accounted(queue, 5, 6, 7, calls_hang=True) == [7]
    queue.release(task.key)
    queue.add(task_of(9))
    assert accounted(queue, 5, 6, 9) == [9]
    queue.retry(task.key, 100.0)
    assert accounted(queue, 5, 6, 9) == [5, 6, 9]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_call_may_be_silent_for_some_times_its_time_limit() -> None:
    clock = Clock()
    calls = Calls(monotonic=clock)
    system = FakeAccounting({"acme": {}})
    system.bulk_may_end.clear()
    patient = integration(timeout_seconds=30.0)
    assert not calls.any_pending()
    reading = asyncio.create_task(WatchedSystem(system=system, calls=calls).observe_all(patient))
    await asyncio.sleep(0)
    assert (calls.steps, calls.any_pending(), calls.any_overdue()) == (1, True, False)
    clock.now = LONGEST_STEP * 30.0
    assert (calls.any_pending(), calls.any_overdue()) == (False, True)
    system.bulk_may_end.set()
    await reading
    assert (calls.steps, calls.any_pending(), calls.any_overdue()) == (2, False, False)


async def test_each_write_is_a_step_and_a_probe_is_none() -> None:
    calls = Calls(monotonic=Clock())
    system = FakeAccounting({"acme": {"1": "no"}})
    plan = Plan(provider_id="1", calls=("yes", "yes", "yes"))
    asked: list[datetime] = []

    async def before_write() -> None:
        asked.append(datetime.now(UTC))

    applied = await WatchedSystem(system=system, calls=calls).apply(integration(), plan, before_write=before_write)
    assert isinstance(applied, Applied)
    assert (calls.steps, len(asked)) == (5, 3)
    await WatchedSystem(system=system, calls=calls, counts=False).observe_one(integration(), "1")
    assert calls.steps == 5
