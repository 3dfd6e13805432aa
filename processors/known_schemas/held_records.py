"""Records that wait for their schema, and the records behind them that have to wait too."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from processors.known_schemas.record_lane import Obstacle, RecordLane
from processors.take_in import TakeIn

MOST_BYTES: Final = 64 * 1024 * 1024
"""The most bytes of records that are held. Beyond it the record that has waited longest waits no more."""
RECORD_BYTES: Final = 6 * 1024
"""What a held record takes in memory besides its bytes: 5,500 measured where it is the first of its lane, with its task."""


@dataclass(frozen=True, slots=True)
class _Held:
    message: Any
    pass_on: TakeIn
    until: float
    """The time on the event loop's clock at which it is passed on whatever is missing."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is held no more."""

    @property
    def size(self) -> int:
        return RECORD_BYTES + len(self.message.key or b"") + len(self.message.value or b"")


@dataclass(slots=True, eq=False)
class _Waiting:
    held: deque[_Held] = field(default_factory=deque)
    limit: asyncio.Timeout | None = None
    hurried: bool = False


class HeldRecords:
    """Passes each record on at once, unless something that it needs is missing: then it is held for at most ``seconds``.

    Later records of its lane queue behind it; all other lanes go on. Records that are held at the same time wait at the same
    time: each is passed on at the latest so many seconds after it came. Nothing is acknowledged here.

    Args:
        obstacle: returns what a record has to wait for, or None.
        seconds: the longest that a record is held.
        start: starts a task for a record, which may be cancelled at any time; the records of its lane are then forgotten, and
            have to be read again. It returns None where no task may start.
        most_bytes: the most bytes of records that are held at the same time.
    """

    def __init__(
        self,
        *,
        obstacle: Callable[[Any], Obstacle | None],
        seconds: float,
        start: Callable[[int, Coroutine[Any, Any, None]], "asyncio.Task[None] | None"],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._obstacle = obstacle
        self._seconds = seconds
        self._start = start
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lanes: dict[RecordLane, _Waiting] = {}

    def holds_any(self) -> bool:
        """Whether records are held."""
        return bool(self._lanes)

    def holds(self, lane: RecordLane) -> bool:
        """Whether records of this lane are held; ``passed_on`` then waits for them."""
        waiting = self._lanes.get(lane)
        return waiting is not None and bool(waiting.held)

    def accept(self, message: Any, lane_of: Callable[[Any], RecordLane], pass_on: TakeIn) -> None:
        """Pass this record on, now or as soon as it may be."""
        if not self._lanes and self._obstacle(message) is None:
            pass_on(message)
            return
        lane = lane_of(message)
        waiting = self._lanes.get(lane)
        if waiting is None:
            if self._obstacle(message) is None:
                pass_on(message)
                return
            waiting = _Waiting()
            task = self._start(lane.partition, self._release(lane, waiting))
            if task is None:
                return
            task.add_done_callback(
                lambda _: self._forget(lane, waiting)
            )  # cancelled before its first step, it runs nothing
            self._lanes[lane] = waiting
        held = _Held(message, pass_on, asyncio.get_running_loop().time() + self._seconds)
        waiting.held.append(held)
        self._bytes += held.size
        if self._bytes > self._most_bytes:
            self._hurry_oldest()

    async def passed_on(self, belongs: Callable[[RecordLane], bool]) -> bool:
        """Wait until the records that are held now, of the lanes that ``belongs`` names, are passed on.

        Returns:
            Whether there were any.
        """
        newest = [waiting.held[-1] for lane, waiting in self._lanes.items() if waiting.held and belongs(lane)]
        await asyncio.gather(*(held.gone.wait() for held in newest))
        return bool(newest)

    async def _release(self, lane: RecordLane, waiting: _Waiting) -> None:
        try:
            while waiting.held:
                first = waiting.held[0]
                await self._until_free(waiting, first)
                waiting.held.popleft()
                self._bytes -= first.size
                first.pass_on(first.message)
                first.gone.set()
                await asyncio.sleep(0)  # many records of one lane leave other work its turns
        finally:
            self._forget(lane, waiting)

    def _forget(self, lane: RecordLane, waiting: _Waiting) -> None:
        if self._lanes.get(lane) is waiting:
            del self._lanes[lane]
            self._bytes -= sum(held.size for held in waiting.held)
            for held in waiting.held:
                held.gone.set()

    async def _until_free(self, waiting: _Waiting, held: _Held) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(held.until) as waiting.limit:
                while not waiting.hurried and (obstacle := self._obstacle(held.message)) is not None:
                    await obstacle()
        waiting.limit = None

    def _hurry_oldest(self) -> None:
        """Let the lane that has waited longest wait no more."""
        waiting = next((each for each in self._lanes.values() if not each.hurried), None)
        if waiting is not None:
            waiting.hurried = True
            if waiting.limit is not None:
                waiting.limit.reschedule(asyncio.get_running_loop().time())


def nothing_held() -> HeldRecords:
    """Passes every record on at once."""
    return HeldRecords(obstacle=lambda _: None, seconds=0.0, start=lambda _partition, _work: None)
