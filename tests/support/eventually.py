"""Waiting for a condition. Bounds are in seconds on an idle machine; ``patient`` makes them longer on a slow one."""

import asyncio
import time
from collections.abc import Callable

from tests.support.slowness import patient


def eventually(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Ask again and again until it holds; fail after ``seconds``, scaled."""
    limit = patient(seconds)
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {limit:g} s: {holds}")
        time.sleep(0.05)


async def eventually_async(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """As ``eventually``, leaving the event loop free."""
    limit = patient(seconds)
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {limit:g} s: {holds}")
        await asyncio.sleep(0.02)


async def within(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it comes to hold within ``seconds``, scaled."""
    try:
        await eventually_async(holds, seconds=seconds)
    except AssertionError:
        return False
    return True
