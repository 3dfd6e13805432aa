"""Ends a worker that makes no progress; its supervisor starts another."""

from processors.stalled import StalledError
from processors.watchdog.loop_guard import EXIT_BLOCKED, LoopGuard
from processors.watchdog.watchdog import StallTimeouts, Watchdog

__all__ = ["EXIT_BLOCKED", "LoopGuard", "StallTimeouts", "StalledError", "Watchdog"]
