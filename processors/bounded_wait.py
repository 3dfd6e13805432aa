"""Waiting that ends: for what may hang while Kafka is away, and for what is no longer wanted once the worker is to stop."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of ``work``, or None when ``stop`` was set first: it is cancelled then.

    Raises:
        Exception: what ``work`` raises.
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
    """Wait for ``work`` so long and no longer; what is not done by then is cancelled, and nobody waits for it any more.

    That it took too long or failed is logged: the end of a worker goes on to its next step.
    """
    working = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({working}, timeout=seconds)
    if done:
        _say_failure(what, working)
        return
    log.warning("%s took longer than %g s and is given up.", what, seconds)
    working.add_done_callback(partial(_say_failure, what))
    working.cancel()


class Ending:
    """The steps of a worker's end. Each must be over so long after the first began, so that their sum is bounded."""

    def __init__(self) -> None:
        self._began: float | None = None

    def begin(self) -> None:
        """The time counts from now, unless it does already."""
        if self._began is None:
            self._began = asyncio.get_running_loop().time()

    async def step(self, by: float, what: str, work: Awaitable[object]) -> None:
        """Wait for ``work`` as ``at_most`` does, until ``by`` seconds after the beginning."""
        self.begin()
        passed = asyncio.get_running_loop().time() - (self._began or 0.0)
        await at_most(max(by - passed, 0.0), what, work)


def in_a_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Do blocking work in a thread that the process does not wait for when it ends, unlike asyncio's own."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(settle_future: Callable[[Any], None], result: Any) -> None:
        if not future.done():
            settle_future(result)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 -- handed on to who waits
            tell(future.set_exception, error)
        else:
            tell(future.set_result, result)

    def tell(settle_future: Callable[[Any], None], result: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, settle_future, result)

    threading.Thread(target=run, daemon=True).start()
    return future


def _say_failure(what: str, work: "asyncio.Future[object]") -> None:
    if not work.cancelled() and (error := work.exception()) is not None:
        log.warning("%s failed: %s: %s", what, type(error).__name__, error)
