"""Waits with a bound: for steps that may hang while Kafka is unavailable, and for work that a stop makes unnecessary."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of ``work``, or cancel it and return None when ``stop`` is set first.

    Raises:
        Exception: any that ``work`` raises.
    """
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait({working, stopping})


async def at_most(seconds: float, what: str, work: Awaitable[object]) -> None:
    """Wait at most ``seconds`` for ``work``, then cancel it without waiting for the cancellation.

    A failure or the lack of time is logged, and the worker goes on to the next step of its end. ``what`` begins the log line.
    """
    working = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({working}, timeout=seconds)
    if done:
        _log_failure(what, working)
        return
    log.warning("%s took longer than %g s and is given up.", what, seconds)
    working.add_done_callback(partial(_log_failure, what))
    working.cancel()


class Ending:
    """The steps of a worker's end. Each has a time limit counted from the beginning of the first, so their sum is bounded."""

    def __init__(self) -> None:
        self._began: float | None = None

    def begin(self) -> None:
        """Start the time, unless it runs already."""
        if self._began is None:
            self._began = asyncio.get_running_loop().time()

    async def step(self, by: float, what: str, work: Awaitable[object]) -> None:
        """Wait for ``work`` as ``at_most`` does, until ``by`` seconds after the beginning."""
        self.begin()
        passed = asyncio.get_running_loop().time() - (self._began or 0.0)
        await at_most(max(by - passed, 0.0), what, work)


def in_a_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Do blocking work in a daemon thread: unlike with asyncio's threads, the process does not wait for it when it ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(settle_future: Callable[[Any], None], result: Any) -> None:
        if not future.done():
            settle_future(result)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 -- the caller gets it through the future
            report(future.set_exception, error)
        else:
            report(future.set_result, result)

    def report(settle_future: Callable[[Any], None], result: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, settle_future, result)

    threading.Thread(target=run, daemon=True).start()
    return future


def _log_failure(what: str, work: "asyncio.Future[object]") -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.warning("%s failed: %s: %s", what, type(error).__name__, error)
