"""The projector: folds the topics into the tables, until stopped."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from console.read_model.projection.projected_offsets import projected
from console.read_model.projection.source import Layout, Source, begins_of, ends_of, layout_of
from console.read_model.projection.writer import Writer
from console.read_model.store.lease import Lease, LeaseLostError, now_ms
from console.stall_detector import CHECKS_PER_TIMEOUT, STALL_TIMEOUT, StallDetector
from messaging.producer import KafkaUnavailableError
from messaging.topic_offsets import Offsets
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, RegistryUnavailableError

logger = logging.getLogger(__name__)
POLL_SECONDS: Final = 0.2
RENEW_SECONDS: Final = 3.0
FORGET_SECONDS: Final = 3600.0
"""How often the projector drops from the tables what the topics have dropped."""
STANDBY_SECONDS: Final = 1.0
FRESH_MS: Final = 15_000
LONGEST_PAUSE: Final = 10.0
EXPLAINED_ERRORS: Final = (KafkaUnavailableError, RegistryUnavailableError)
"""Errors with a message for people."""
UNAVAILABLE_ERRORS: Final = (*EXPLAINED_ERRORS, OperationalError, InterfaceError, PoolTimeoutError)


class Projector:
    """Projects the topics into the read model. Several may run: one writes, the others wait to take over."""

    def __init__(self, engine: Engine, *, bootstrap: str, codec: Codec, stall_timeout: float = STALL_TIMEOUT) -> None:
        """``stall_timeout``: seconds after which a consumer that delivers nothing, though there is something, is replaced."""
        self._engine = engine
        self._bootstrap = bootstrap
        self._codec = codec
        self._caught_up_at = 0
        self._check_seconds = stall_timeout / CHECKS_PER_TIMEOUT
        self._stall_detector = StallDetector(stall_timeout=stall_timeout)

    def run(self, stop: threading.Event) -> None:
        """Project until stopped; goes on by itself when Kafka or the database was unavailable. It blocks.

        Any other error is raised: it is a bug, and would come again.
        """
        pause = Pause()
        while not stop.is_set():
            try:
                self._once(stop, pause)
            except LeaseLostError:
                self._stall_detector.paused()
                logger.info("Another projector writes into the read model now.")
            except UNAVAILABLE_ERRORS as error:
                self._stall_detector.paused()
                why = (
                    error
                    if isinstance(error, EXPLAINED_ERRORS)
                    else f"The database is unavailable ({type(error).__name__})."
                )
                logger.warning("The read model is not updated now: %s The projector goes on by itself.", why)
                stop.wait(pause.longer())

    def caught_up(self) -> bool:
        """Whether what the topics held some seconds ago is in the tables, whoever projects it."""
        return now_ms() - self._caught_up_at < FRESH_MS

    def is_stalled(self) -> bool:
        """Whether it has read nothing for the stall timeout, though Kafka is available and there is something to read."""
        return self._stall_detector.stalled()

    def _once(self, stop: threading.Event, pause: "Pause") -> None:
        """Project as long as the lease is ours and the topics are the same, or wait a little where it is another's."""
        lease = Lease(self._engine)
        if not lease.take():
            self._caught_up_at = lease.caught_up_at()
            self._stall_detector.paused()
            stop.wait(STANDBY_SECONDS)
            return
        try:
            layout = layout_of(self._bootstrap)
            writer = Writer(
                self._engine, lease, self._codec, layout.ids, partitions=layout.partitions[INTEGRATION.name]
            )
            source = self._open(layout, writer)
            try:
                pause.forget()
                self._project(stop, source, layout, Tick(lease, writer))
            finally:
                with self._stall_detector.step():
                    source.close()
        finally:
            with suppress(SQLAlchemyError):  # it ends by itself
                lease.give_back()

    def _open(self, layout: Layout, writer: Writer) -> Source:
        with self._engine.connect() as connection:
            offsets, topic_ids = projected(connection)
        anew = any(layout.ids[topic] != topic_id for topic, topic_id in topic_ids.items())
        if anew or _past_end(offsets, ends_of(self._bootstrap, layout)):
            logger.warning("A topic was created anew: the read model is built again from the beginning.")
            writer.forget()
            offsets = {}
        return Source(self._bootstrap, layout, offsets)

    def _project(self, stop: threading.Event, source: Source, layout: Layout, tick: "Tick") -> None:
        checked_at, forgot_at = time.monotonic(), float("-inf")
        self._stall_detector.restarted()
        while not stop.is_set():
            with self._stall_detector.step():
                records = source.poll(POLL_SECONDS)
            self._stall_detector.polled(delivered=bool(records), more=source.more)
            tick.writer.write(records)
            if source.at_end:
                self._caught_up_at = now_ms()
            tick.renew(caught_up=source.at_end)
            if time.monotonic() - checked_at > self._check_seconds:
                if not self._goes_on(source, layout):
                    return
                checked_at = time.monotonic()
            if time.monotonic() - forgot_at > FORGET_SECONDS:
                tick.writer.forget_before(begins_of(self._bootstrap, layout))
                forgot_at = time.monotonic()

    def _goes_on(self, source: Source, layout: Layout) -> bool:
        """Whether the topics are the same and the consumer reads them, by the word of new clients."""
        with self._stall_detector.step():
            same = layout_of(self._bootstrap) == layout
        with self._stall_detector.step():
            ends = ends_of(self._bootstrap, layout)
        source.learn(ends)
        unread = self._stall_detector.compared(source.positions, ends)
        if unread:
            where = ", ".join(f"{topic} {number} at {source.positions[topic, number]}" for topic, number in unread)
            logger.warning("The consumer is replaced, for it reads nothing though Kafka is available: %s.", where)
        return same and not unread


def _past_end(offsets: Offsets, ends: Offsets) -> bool:
    """Whether a partition holds less than was projected of it: Kafka has lost records, and may give their offsets again."""
    return any(offset > ends.get(place, 0) for place, offset in offsets.items())


class Tick:
    """Writes, and renews the lease from time to time where nothing is written."""

    def __init__(self, lease: Lease, writer: Writer, *, now: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self.writer = writer
        self._now = now
        self._renewed = float("-inf")
        self._was_caught_up = False

    def renew(self, *, caught_up: bool) -> None:
        """Hold the lease, if it is time to, or if everything is projected now and was not before."""
        if self._now() - self._renewed >= RENEW_SECONDS or caught_up > self._was_caught_up:
            self._lease.renew(caught_up=caught_up)
            self._renewed = self._now()
        self._was_caught_up = caught_up


class Pause:
    """How long to wait before the next attempt: longer each time."""

    def __init__(self) -> None:
        self._seconds = 0.25

    def longer(self) -> float:
        """The next pause, in seconds."""
        self._seconds = min(self._seconds * 2, LONGEST_PAUSE)
        return self._seconds

    def forget(self) -> None:
        """It went well."""
        self._seconds = 0.25
