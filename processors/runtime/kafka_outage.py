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
from confluent_kafka import KafkaError

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 60.0
CALM_SECONDS: Final = 5.0
"""How long no connection has failed before Kafka is asked whether it is back: aiokafka tries again ten times a second."""
LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0

UNAVAILABLE: Final = (
    errors.KafkaConnectionError,
    errors.NodeNotReadyError,
    errors.NoBrokersAvailable,
    errors.RequestTimedOutError,
    OSError,  # TimeoutError is one
)
"""Errors in the arguments of a line by which it is about an unavailable Kafka."""
UNAVAILABLE_TOO: Final = (
    errors.BrokerNotAvailableError,
    errors.GroupCoordinatorNotAvailableError,
    errors.NotCoordinatorForGroupError,
    errors.GroupLoadInProgressError,
)
"""The same during an outage. A Kafka that is available answers so too, for a moment, when it has just been started."""
UNAVAILABLE_CODES: Final = frozenset(
    {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT}  # noqa: SLF001 -- the client's own names
)
"""The same of librdkafka."""
BEGINNINGS: Final = (
    "Unable connect to",
    "Unable to update metadata from",
    "Unable to request metadata from",
    "Heartbeat session expired",
)
"""Lines of aiokafka that are about an unavailable Kafka whatever their arguments are."""
CONSEQUENCES: Final = (
    ("aiokafka.consumer.group_coordinator", "Marking the coordinator dead"),
    ("aiokafka.consumer.group_coordinator", "Heartbeat failed for group %s: coordinator"),
    ("mode.timers", "is overlapping"),
    ("processors.transport.consumer_thread", "Offsets could not be committed"),
)
"""(logger, part of the text) of lines that follow from an unavailable Kafka, and otherwise may have another cause."""


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


def is_about_outage(record: logging.LogRecord, *, during: bool) -> bool:
    """Whether a line of the log says that Kafka is unavailable, or, ``during`` an outage, follows from that."""
    if record.levelno < logging.WARNING:
        return False
    if record.name.partition(".")[0] == "aiokafka" or record.name == "processors.events.async_producer":
        arguments = record.args if isinstance(record.args, tuple) else ()
        kinds = UNAVAILABLE + (UNAVAILABLE_TOO if during else ())
        if str(record.msg).startswith(BEGINNINGS) or any(_says_unavailable(one, kinds) for one in arguments):
            return True
    return during and any(record.name == name and part in str(record.msg) for name, part in CONSEQUENCES)


def _says_unavailable(argument: object, kinds: tuple[type[Exception], ...]) -> bool:
    if isinstance(argument, KafkaError):
        return argument.code() in UNAVAILABLE_CODES
    return isinstance(argument, kinds)


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
        self._last = ""
        self._lock = threading.Lock()
        """Lines come from the consumer's thread too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is logged."""
        known: bool | None = getattr(record, "about_outage", None)
        if known is not None:
            return not known
        with self._lock:
            about = record.about_outage = is_about_outage(record, during=self._outage is not None)
            if not about:
                return True
            self._last = f"{record.name}: {record.getMessage()}"
            before = self._outage
            self._outage, line = failed(before, time.monotonic(), every=self._every)
        self._write(line, self._outage)
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
