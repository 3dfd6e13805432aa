"""Work that is under way, by partition, so that it can end before the partition goes."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)


class InFlight:
    """Tasks by partition. One that fails with an exception is a fault of the worker itself: ``on_crash`` is told."""

    def __init__(self, *, on_crash: Callable[[BaseException], None]) -> None:
        self._tasks: dict[int, set[asyncio.Task[None]]] = {}
        self._on_crash = on_crash

    def start(self, partition: int, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin; the task may not outlive this worker's ownership of the partition."""
        task = asyncio.get_running_loop().create_task(work)
        tasks = self._tasks.setdefault(partition, set())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._look)
        return task

    async def drain(self, partitions: set[int], *, seconds: float) -> None:
        """Wait for what is under way in these partitions; cancel what is not done by then: it is done again by the heir."""
        tasks = {task for partition in partitions for task in self._tasks.get(partition, ())}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        if late:
            log.warning(
                "%d pieces of work were not done in %.0f s and are left to the partitions' next owner.",
                len(late),
                seconds,
            )
            for task in late:
                task.cancel()
            await asyncio.wait(late)

    def _look(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)
