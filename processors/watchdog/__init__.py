"""Ends a worker that looks healthy and does not get on; its supervisor starts another."""

from processors.stalled import StalledError
from processors.watchdog.loop_guard import EXIT_BLOCKED, LoopGuard
from processors.watchdog.watchdog import Patience, Watchdog

__all__ = ["EXIT_BLOCKED", "LoopGuard", "Patience", "StalledError", "Watchdog"]
