"""Ends a process whose event loop is blocked: from inside the loop nothing can."""

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
"""The exit code of a process that ends because its loop is blocked: an internal fault, as sysexits.h counts."""
LOOKS: Final = 20
"""How often the loop shows itself, and is looked at, within ``patience``."""
LOG_SECONDS: Final = 1.0
"""How long to wait for a line to be logged: what blocks the loop may be what the log is written to."""
FRAMES: Final = 20


class LoopGuard:
    """Watches the running loop from a thread, between ``with`` and its end.

    After ``patience`` seconds without a sign of the loop, where its thread stands is logged: files, lines and functions, no
    values. After twice as long the process ends at once with ``EXIT_BLOCKED``: aiokafka does not recover from a loop that
    stood for 40 s (AK#847), and another worker can have the partitions.
    """

    def __init__(self, *, patience: float) -> None:
        self._interval = patience / LOOKS
        self._patience = patience
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
        seen, blocked, said, before = -1, 0.0, False, time.monotonic()
        while not self._over.wait(self._interval):
            now = time.monotonic()
            if self._alive != seen:
                seen, blocked, said = self._alive, 0.0, False
            else:
                # A process that was stopped for a while was not blocked for so long.
                blocked += min(now - before, 2 * self._interval)
            before = now
            if blocked >= self._patience and not said:
                said = True
                self._say(f"The event loop has been blocked for {blocked:.0f} s.")
            if blocked >= 2 * self._patience:
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
