"""The clocks of a worker."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Clock:
    """``now`` in UTC for records, ``monotonic`` in seconds for pauses, ``jitter`` from [0, 1)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float]


def system_clock() -> Clock:
    """The machine's clocks."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, jitter=random.random)
