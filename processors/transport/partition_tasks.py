"""Work that is under way, by partition, so that it can end before the partition goes."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

log = logging.getLogger(__name__)

AT_ONCE: Final = float("-inf")


class Phase(Enum):
    """What a piece of work is doing, by what it would cost to end it now."""

    WAITING = "waiting"
    """It reads or waits, and nothing of it is written yet: whoever does it again loses nothing."""
    SETTLING = "settling"
    """Records of it are on their way to Kafka, or about to be sent after a write."""
    CALLING = "calling"
    """A write to an accounting system is under way."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The limits of a drain that began at ``began`` on the event loop's clock.

    ``seconds``: how long a call may still take, and the drain as a whole. ``settling``: seconds for records that are on their
    way to Kafka.
    """

    began: float
    seconds: float
    settling: float

    def ends(self, phase: Phase, since: float) -> float:
        """When a piece of work that has been in this phase since then is cancelled."""
        whole = self.began + self.seconds
        match phase:
            case Phase.WAITING:
                return AT_ONCE
            case Phase.SETTLING:
                return min(max(since, self.began) + self.settling, whole)
            case Phase.CALLING:
                return whole


@dataclass(slots=True, eq=False)
class _Piece:
    """One piece of work."""

    partition: int
    phase: Phase
    since: float
    drain: Drain | None = None
    cut: asyncio.Handle | None = None


class PartitionTasks:
    """Tasks by partition. One that fails with an exception is a fault of the worker itself: ``on_crash`` is told.

    A task says by ``enter`` what it is doing. When its partition is drained, it is cancelled as soon as it only waits, and
    otherwise when the drain's limit for what it does is reached.
    """

    def __init__(self, *, on_crash: Callable[[BaseException], None]) -> None:
        self._pieces: dict[asyncio.Task[None], _Piece] = {}
        self._closed: set[int] = set()
        self._on_crash = on_crash

    def start(self, partition: int, work: Coroutine[Any, Any, None], *, phase: Phase = Phase.WAITING) -> None:
        """Begin; nothing is begun in a partition that was drained and is not open again.

        ``phase``: what the work is doing from its beginning.
        """
        if not self.is_open(partition):
            work.close()
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        self._pieces[task] = _Piece(partition, phase, loop.time())
        task.add_done_callback(self._ended)

    def enter(self, phase: Phase) -> None:
        """Say what the current task does from now on. Outside a piece of work this does nothing."""
        task = asyncio.current_task()
        piece = None if task is None else self._pieces.get(task)
        if task is None or piece is None:
            return
        piece.phase, piece.since = phase, task.get_loop().time()
        self._set_cut(task, piece)

    def is_open(self, partition: int) -> bool:
        """Whether work may begin in the partition: it may until it is drained."""
        return partition not in self._closed

    def open(self, partitions: set[int]) -> None:
        """These partitions are this worker's (again)."""
        self._closed -= partitions

    async def drain(self, partitions: set[int], *, seconds: float, settling: float) -> None:
        """Let no more work begin in these partitions, and wait until none is under way.

        What only waits is cancelled at once. A call may go on for ``seconds``. Records on their way to Kafka have ``settling``
        seconds from now or, when a call comes before them, from its end. What is cancelled is not acknowledged, so the
        partition's next owner does it again.
        """
        self._closed |= partitions
        drain = Drain(asyncio.get_running_loop().time(), seconds, settling)
        pieces = {task: piece for task, piece in self._pieces.items() if piece.partition in partitions}
        for task, piece in pieces.items():
            piece.drain = drain
            self._set_cut(task, piece)
        if not pieces:
            return
        await asyncio.wait(pieces)
        cut = Counter(piece.phase for task, piece in pieces.items() if task.cancelled())
        if cut[Phase.WAITING]:
            log.info("%d pieces of work only waited and are left to the partitions' next owner.", cut[Phase.WAITING])
        late = cut[Phase.SETTLING] + cut[Phase.CALLING]
        if late:
            log.warning(
                "%d pieces of work were not done in time (%d calls in %g s, %d waits for Kafka in %g s) and are left to the"
                " partitions' next owner.",
                late,
                cut[Phase.CALLING],
                seconds,
                cut[Phase.SETTLING],
                min(settling, seconds),
            )

    def _set_cut(self, task: "asyncio.Task[None]", piece: _Piece) -> None:
        """Cancel the task when its drain says so. Never from within: a task that goes on without waiting is not cut."""
        if piece.cut is not None:
            piece.cut.cancel()
            piece.cut = None
        if piece.drain is None:
            return
        loop = task.get_loop()
        at = piece.drain.ends(piece.phase, piece.since)
        piece.cut = loop.call_at(at, task.cancel) if at > loop.time() else loop.call_soon(task.cancel)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        piece = self._pieces.pop(task)
        if piece.cut is not None:
            piece.cut.cancel()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)
