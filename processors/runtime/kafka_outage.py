"""What a worker logs while Kafka is unavailable: one line a minute, and one when Kafka is back."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from aiokafka import errors

from processors.runtime.outage_lines import About, about

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 60.0
CALM_SECONDS: Final = 5.0
"""How long no connection has failed before Kafka is asked whether it is back: aiokafka tries again ten times a second."""
LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0

DOUBT_SECONDS: Final = 2.0
"""How long brokers may answer that the group's coordinator is not there: they do for a moment when one has just started."""


class Line(Enum):
    """What is to be logged now."""

    NOTHING = "nothing"
    UNAVAILABLE = "unavailable"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which connections to Kafka fail; times are on the monotonic clock."""

    began: float
    failed: float
    """When a connection failed last."""
    written: float
    """When it was logged last."""
    left_out: int = 0
    """How many lines were not logged."""


def failed(outage: Outage | None, now: float, *, every: float) -> tuple[Outage, Line]:
    """What a line about an unavailable Kafka makes of the outage, and what is logged instead of the line."""
    if outage is None:
        return Outage(now, now, now), Line.UNAVAILABLE
    outage = replace(outage, failed=now, left_out=outage.left_out + 1)
    if now - outage.written < every:
        return outage, Line.NOTHING
    return replace(outage, written=now), Line.UNAVAILABLE


def looked(outage: Outage, now: float, *, answers: bool, every: float) -> tuple[Outage | None, Line]:
    """What a look at Kafka makes of the outage. ``answers``: whether Kafka has answered since a connection failed last."""
    if answers:
        return None, Line.AVAILABLE
    if now - outage.written < every:
        return outage, Line.NOTHING
    return replace(outage, written=now), Line.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Doubt:
    """A time in which the brokers answer that the group's coordinator is not there; times are on the monotonic clock."""

    began: float
    last: float


def doubted(doubt: Doubt | None, now: float) -> tuple[Doubt, bool]:
    """What a line about the coordinator makes of the doubt, and whether it has lasted so long that it is an outage."""
    if doubt is None or now - doubt.last > CALM_SECONDS:
        return Doubt(now, now), False
    return Doubt(doubt.began, now), now - doubt.began >= DOUBT_SECONDS


async def _answers(ask: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await ask()
    except (TimeoutError, errors.KafkaError):
        return False
    return True


class OutageLog(logging.Filter):
    """A filter for log handlers that puts one line a minute in the place of all lines about an unavailable Kafka.

    ``bootstrap`` is named in the line; ``every`` is in seconds. Several handlers may have the same filter.
    """

    def __init__(self, bootstrap: str, *, every: float = EVERY_SECONDS) -> None:
        super().__init__()
        self._bootstrap = bootstrap
        self._every = every
        self._outage: Outage | None = None
        self._doubt: Doubt | None = None
        self._last = ""
        self._lock = threading.Lock()
        """Lines come from the consumer's thread too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        known: bool | None = getattr(record, "about_outage", None)
        if known is not None:
            return not known
        with self._lock:
            is_left_out = record.about_outage = self._is_left_out(about(record))
            if not is_left_out:
                return True
            self._last = f"{record.name}: {record.getMessage()}"
            before = self._outage
            self._outage, line = failed(before, time.monotonic(), every=self._every)
        self._write(line, self._outage)
        return False

    def _is_left_out(self, subject: About) -> bool:
        match subject:
            case About.OUTAGE:
                return True
            case About.COORDINATOR:
                self._doubt, lasting = doubted(self._doubt, time.monotonic())
                return lasting or self._outage is not None
            case About.CONSEQUENCE:
                return self._outage is not None
            case About.SOMETHING_ELSE:
                return False

    async def watch(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Log when Kafka is back, and once a minute while it is not, until cancelled.

        ``ask`` asks Kafka something, and raises ``KafkaError`` of aiokafka when that fails.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            outage = self._outage
            if outage is None:
                continue
            calm = time.monotonic() - outage.failed >= CALM_SECONDS
            answered = calm and await _answers(ask)
            with self._lock:
                now = self._outage
                if now is None or (answered and now.failed > outage.failed):
                    continue
                self._outage, line = looked(now, time.monotonic(), answers=answered, every=self._every)
            self._write(line, now)

    def _write(self, line: Line, outage: Outage) -> None:
        seconds = time.monotonic() - outage.began
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        match line:
            case Line.UNAVAILABLE:
                log.error(
                    "Kafka at %s, or one of its brokers, is unavailable since %s. The worker goes on by itself when it is"
                    " back. Log lines about it are left out, %d so far; the last: %s",
                    self._bootstrap,
                    since.isoformat(timespec="seconds"),
                    outage.left_out,
                    self._last,
                )
            case Line.AVAILABLE:
                log.warning(
                    "Kafka at %s is available again after %.0f s. %d log lines about it were left out.",
                    self._bootstrap,
                    seconds,
                    outage.left_out,
                )
            case Line.NOTHING:
                pass
