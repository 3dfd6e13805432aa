"""Ends a process whose event loop is blocked, from a thread: code on the loop can't."""

import asyncio
import logging
import os
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Final, Self

log = logging.getLogger(__name__)

EXIT_BLOCKED: Final = 70
"""The exit code of a process that ends because its loop is blocked: an internal fault in sysexits.h."""
LOOKS: Final = 20
"""Signs of life of the loop, and looks for them, within ``stall_timeout``."""
LOG_SECONDS: Final = 1.0
"""How long to wait for a line to be logged: the loop may be blocked by the file that the log is written to."""
FRAMES: Final = 20


class LoopGuard:
    """Watches the running loop from a thread, between ``with`` and its end.

    After ``stall_timeout`` seconds without a sign of life the guard logs the stack of the loop's thread: files, lines and
    functions, no values. After twice as long the process ends at once with ``EXIT_BLOCKED``: aiokafka does not recover from
    a loop that was blocked for 40 s (AK#847), and another worker can take the partitions.
    """

    def __init__(self, *, stall_timeout: float) -> None:
        self._interval = stall_timeout / LOOKS
        self._stall_timeout = stall_timeout
        self._alive = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop-guard", daemon=True)
        self._timer: asyncio.TimerHandle | None = None
        self._watched = 0

    def __enter__(self) -> Self:
        self._watched = threading.get_ident()
        self._show(asyncio.get_running_loop())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._timer is not None:
            self._timer.cancel()

    def _show(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alive += 1
        self._timer = loop.call_later(self._interval, self._show, loop)

    def _watch(self) -> None:
        seen, blocked, reported, before = -1, 0.0, False, time.monotonic()
        while not self._over.wait(self._interval):
            now = time.monotonic()
            if self._alive != seen:
                seen, blocked, reported = self._alive, 0.0, False
            else:
                # The time for which a process was suspended does not count.
                blocked += min(now - before, 2 * self._interval)
            before = now
            if blocked >= self._stall_timeout and not reported:
                reported = True
                self._say(f"The event loop has been blocked for {blocked:.0f} s.")
            if blocked >= 2 * self._stall_timeout:
                self._say(f"The event loop has been blocked for {blocked:.0f} s: the process ends.")
                os._exit(EXIT_BLOCKED)

    def _say(self, what: str) -> None:
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001 -- Python's only way to see another thread's stack
        places = [
            f"{place.filename}:{place.lineno} {place.name}"
            for place in (traceback.extract_stack(frame, FRAMES) if frame is not None else ())
        ]
        text = "\n  ".join([f"{what} It stands at:", *reversed(places)])
        saying = threading.Thread(target=log.critical, args=("%s", text), daemon=True)
        saying.start()
        saying.join(LOG_SECONDS)
