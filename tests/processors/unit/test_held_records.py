"""Records that something is missing for are held, and nothing else is."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from processors.known_schemas.held_records import RECORD_BYTES, HeldRecords
from processors.known_schemas.record_lane import Obstacle, RecordLane
from processors.transport.partition_tasks import PartitionTasks
from schemas.topics import VENDOR_RECORD
from tests.support.eventually import eventually_async
from tests.support.in_memory import Consumed, consumed, crashed
from tests.support.slowness import patient

LONG = patient(60.0)


def lane_of(message: Consumed) -> RecordLane:
    return RecordLane("vendor", message.partition, message.key, (message.key or b"").split(b":")[0].decode())


class Stage:
    """Passes records on that say which schema they need, in their value."""

    def __init__(self, *, seconds: float = LONG, most_bytes: int = 10**8) -> None:
        self.tasks = PartitionTasks(on_crash=crashed)
        self.passed: list[tuple[int, int]] = []
        self.known: dict[bytes, asyncio.Event] = {}
        self.held = HeldRecords(obstacle=self._obstacle, seconds=seconds, start=self.tasks.start, most_bytes=most_bytes)
        self._offset = 0

    def _obstacle(self, message: Consumed) -> Obstacle | None:
        if not message.value or self._event(message.value).is_set():
            return None
        return lambda: self._wait(message.value)

    async def _wait(self, schema: bytes | None) -> None:
        await self._event(schema or b"").wait()

    def _event(self, schema: bytes) -> asyncio.Event:
        return self.known.setdefault(schema, asyncio.Event())

    def learn(self, schema: bytes) -> None:
        self._event(schema).set()

    def say(self, key: bytes, schema: bytes | None = None, *, partition: int = 0) -> int:
        self._offset += 1
        message = consumed(VENDOR_RECORD, schema, key=key, partition=partition, offset=self._offset)
        self.held.accept(message, lane_of, lambda each: self.passed.append((each.partition, each.offset)))
        return self._offset

    @property
    def offsets(self) -> list[int]:
        return [offset for _, offset in self.passed]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_record_that_needs_nothing_is_passed_on_at_once() -> None:
    stage = Stage()
    one = stage.say(b"a:1")
    assert stage.offsets == [one]
    assert not stage.held.holds_any()


async def test_only_later_records_of_the_same_key_wait_behind_a_record() -> None:
    stage = Stage()
    first, later = stage.say(b"a:1", b"new"), stage.say(b"a:1")
    other, elsewhere = stage.say(b"a:2"), stage.say(b"a:1", partition=1)
    await settle()
    assert stage.offsets == [other, elsewhere]
    stage.learn(b"new")
    await settle()
    assert stage.offsets == [other, elsewhere, first, later]
    assert not stage.held.holds_any()
    assert stage.say(b"a:1") in stage.offsets


async def test_all_schemas_are_waited_for_at_the_same_time() -> None:
    stage = Stage(seconds=0.05)
    sent = [stage.say(b"a:1", b"one"), stage.say(b"a:1", b"two"), stage.say(b"a:2", b"three")]
    began = asyncio.get_running_loop().time()
    assert await stage.held.passed_on(lambda _: True)
    assert sorted(stage.offsets) == sent
    assert asyncio.get_running_loop().time() - began < 0.05 * len(sent)


async def test_a_later_record_of_a_lane_has_its_own_time() -> None:
    stage = Stage(seconds=0.05)
    first = stage.say(b"a:1", b"one")
    await asyncio.sleep(0.03)
    second = stage.say(b"a:1", b"two")
    await eventually_async(lambda: bool(stage.offsets))
    assert stage.offsets == [first]
    assert await stage.held.passed_on(lambda _: True)
    assert stage.offsets == [first, second]


async def test_a_client_is_waited_for_and_others_are_not() -> None:
    stage = Stage()
    stage.say(b"a:1", b"new")
    assert not await stage.held.passed_on(lambda lane: lane.client_id == "b")
    waiting = asyncio.create_task(stage.held.passed_on(lambda lane: lane.client_id == "a"))
    await settle()
    assert not waiting.done()
    stage.learn(b"new")
    assert await waiting


async def test_a_lane_that_gets_more_and_more_holds_nobody_up_for_longer_than_its_time() -> None:
    stage = Stage(seconds=0.05)
    stage.say(b"a:1", b"0")

    async def flood() -> None:
        for number in range(1000):
            stage.say(b"a:1", str(number).encode())
            await asyncio.sleep(0.01)

    flooding = asyncio.create_task(flood())
    async with asyncio.timeout(patient(5)):
        await stage.held.passed_on(lambda _: True)
    flooding.cancel()
    await stage.tasks.drain({0}, seconds=1, settling=1)


@pytest.mark.parametrize("begun", [False, True], ids=["before its first step", "while it waits"])
async def test_records_of_a_revoked_partition_are_forgotten_and_read_again(*, begun: bool) -> None:
    stage = Stage()
    stage.say(b"a:1", b"new")
    if begun:
        await settle()
    await stage.tasks.drain({0}, seconds=1, settling=1)
    await settle()
    assert not stage.held.holds_any()
    stage.say(b"a:1", b"new")
    assert not stage.held.holds_any()
    stage.tasks.open({0})
    again = stage.say(b"a:1", b"new")
    stage.learn(b"new")
    await settle()
    assert stage.offsets == [again]


async def test_the_oldest_waits_no_more_when_too_much_is_held() -> None:
    size = RECORD_BYTES + len(b"a:1") + 100
    stage = Stage(most_bytes=2 * size)
    sent = [stage.say(f"a:{number}".encode(), bytes([number]) * 100) for number in range(1, 5)]
    await settle()
    assert stage.offsets == sent[:2]
    stage.learn(bytes([3]) * 100)
    stage.learn(bytes([4]) * 100)
    await settle()
    assert stage.offsets == sent
    assert stage.held._bytes == 0  # noqa: SLF001 -- nothing outside shows that nothing is counted twice


async def test_what_comes_while_the_last_record_of_a_lane_is_passed_on_does_not_wait_for_it() -> None:
    """It would wait for nothing, again and again: the event of a client whose integration has just become known."""
    stage = Stage()
    integration = RecordLane("integration", 0, b"a")

    def obstacle(_event: Consumed) -> Obstacle | None:
        return (lambda: _passed_on(stage.held, integration)) if stage.held.holds(integration) else None

    events = HeldRecords(obstacle=obstacle, seconds=LONG, start=stage.tasks.start)
    event = consumed(VENDOR_RECORD, None, key=b"a:1")
    passed: list[str] = []

    def pass_on(_integration: Consumed) -> None:
        passed.append("integration")
        events.accept(event, lane_of, lambda _: passed.append("event"))

    stage.held.accept(consumed(VENDOR_RECORD, b"new", key=b"a"), lambda _: integration, pass_on)
    assert stage.held.holds(integration)
    stage.learn(b"new")
    await settle()
    assert passed == ["integration", "event"]


async def _passed_on(held: HeldRecords, lane: RecordLane) -> None:
    await held.passed_on(lambda each: each == lane)


async def test_a_handler_that_raises_is_a_crash() -> None:
    crashes: list[BaseException] = []
    tasks = PartitionTasks(on_crash=crashes.append)
    learned = asyncio.Event()

    def start(partition: int, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None] | None":
        return tasks.start(partition, work)

    held = HeldRecords(obstacle=lambda _: None if learned.is_set() else lambda: _of(learned), seconds=LONG, start=start)
    held.accept(consumed(VENDOR_RECORD, b"x", key=b"a:1"), lane_of, _fail)
    learned.set()
    await settle()
    assert [type(crash) for crash in crashes] == [ZeroDivisionError]
    assert not held.holds_any()


async def _of(event: asyncio.Event) -> None:
    await event.wait()


def _fail(_message: Any) -> None:
    raise ZeroDivisionError
