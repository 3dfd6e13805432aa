"""Tasks by partition, so that they can end before another worker gets the partition."""

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
    """The present step of a task, by the cost of cancelling it now."""

    WAITING = "waiting"
    """It reads or waits, and has written nothing yet: to repeat it costs nothing."""
    SETTLING = "settling"
    """Its records are in flight to Kafka, or about to be sent after a write."""
    CALLING = "calling"
    """A write to an accounting system is under way."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The limits of a drain that began at ``began`` on the event loop's clock.

    ``seconds``: the limit of a call, and of the drain as a whole. ``settling``: the limit of records in flight to Kafka.
    """

    began: float
    seconds: float
    settling: float

    def ends(self, phase: Phase, since: float) -> float:
        """Return the time at which a task that has been in this phase since ``since`` is cancelled."""
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
    """The state of one task."""

    partition: int
    phase: Phase
    since: float
    drain: Drain | None = None
    cut: asyncio.Handle | None = None


class PartitionTasks:
    """Runs tasks by partition. An exception in a task is a fault of the worker itself: ``on_crash`` is called with it.

    A task reports its phase by ``enter``. When its partition is drained, the task is cancelled as soon as it only waits, and
    otherwise at the drain's limit for its phase.
    """

    def __init__(self, *, on_crash: Callable[[BaseException], None]) -> None:
        self._pieces: dict[asyncio.Task[None], _Piece] = {}
        self._closed: set[int] = set()
        self._on_crash = on_crash

    def start(
        self, partition: int, work: Coroutine[Any, Any, None], *, phase: Phase = Phase.WAITING
    ) -> "asyncio.Task[None] | None":
        """Start a task, unless the partition was drained and is not open again.

        ``phase``: the task's phase at its start.

        Returns:
            The task; None when it was not started.
        """
        if not self.is_open(partition):
            work.close()
            return None
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        self._pieces[task] = _Piece(partition, phase, loop.time())
        task.add_done_callback(self._ended)
        return task

    def enter(self, phase: Phase) -> None:
        """Set the phase of the current task; no effect outside a task that was started here."""
        task = asyncio.current_task()
        piece = None if task is None else self._pieces.get(task)
        if task is None or piece is None:
            return
        piece.phase, piece.since = phase, task.get_loop().time()
        self._set_cut(task, piece)

    def is_open(self, partition: int) -> bool:
        """Whether tasks may start in the partition: they may until it is drained."""
        return partition not in self._closed

    def open(self, partitions: set[int]) -> None:
        """Allow tasks in these partitions, which were assigned to this worker."""
        self._closed -= partitions

    async def drain(self, partitions: set[int], *, seconds: float, settling: float) -> None:
        """Start no more tasks in these partitions, and wait until none is under way.

        A task that only waits is cancelled at once. A call may go on for ``seconds``. Records in flight to Kafka have
        ``settling`` seconds from now or, after a call, from its end. A cancelled task has not acknowledged its records, so the
        partition's next owner repeats it.
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
        """Schedule the cancellation that the drain demands. A task that goes on without waiting is not cancelled."""
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
