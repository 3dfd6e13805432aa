"""The projector: folds the topics into the tables, until stopped."""

import logging
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from console.read_model.folds.facts import ROW_TOPICS
from console.read_model.projection.kept_records import take_kept_records
from console.read_model.projection.missed_deletions import MissedDeletions
from console.read_model.projection.pace import Pause, Tick
from console.read_model.projection.projected_offsets import projected
from console.read_model.projection.source import POLL_SECONDS, Layout, Source, begins_of, ends_of, layout_of
from console.read_model.projection.writer import Writer
from console.read_model.store.lease import Lease, LeaseLostError, now_ms
from console.stall_detector import CHECKS_PER_TIMEOUT, STALL_TIMEOUT, StallDetector
from messaging.missed_deletions import OLDEST_POSITION
from messaging.producer import KafkaUnavailableError
from messaging.topic_offsets import Offsets
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, RegistryUnavailableError

logger = logging.getLogger(__name__)
FORGET_SECONDS: Final = 3600.0
"""How often the projector drops from the tables what the topics have dropped."""
STANDBY_SECONDS: Final = 1.0
FRESH_MS: Final = 15_000
EXPLAINED_ERRORS: Final = (KafkaUnavailableError, RegistryUnavailableError)
"""Errors with a message for people."""
UNAVAILABLE_ERRORS: Final = (*EXPLAINED_ERRORS, OperationalError, InterfaceError, PoolTimeoutError)


class Projector:
    """Projects the topics into the read model. Several may run: one writes, the others wait to take over."""

    def __init__(
        self,
        engine: Engine,
        *,
        bootstrap: str,
        codec: Codec,
        stall_timeout: float = STALL_TIMEOUT,
        oldest_position: timedelta = OLDEST_POSITION,
    ) -> None:
        """Project from these brokers into this database.

        Args:
            engine: the database.
            bootstrap: the brokers.
            codec: decodes records.
            stall_timeout: seconds after which a consumer that delivers nothing, though there is something, is replaced.
            oldest_position: the age of the projected offsets from which on deletions may have been missed.
        """
        self._engine = engine
        self._bootstrap = bootstrap
        self._codec = codec
        self._oldest_position = oldest_position
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

    def _once(self, stop: threading.Event, pause: Pause) -> None:
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
            tick = Tick(lease, writer)
            source = self._open(stop, layout, tick, lease.complete_at())
            try:
                pause.forget()
                self._project(stop, source, layout, tick)
            finally:
                with self._stall_detector.step():
                    source.close()
        finally:
            with suppress(SQLAlchemyError):  # it ends by itself
                lease.give_back()

    def _open(self, stop: threading.Event, layout: Layout, tick: Tick, complete_at: int) -> Source:
        """Begin where the last projector ended, without rows that were deleted since.

        Topics that were created anew are read from their beginning. Clients and vendors stay even then: records may have been
        lost, so a person decides whether they are deleted.
        """
        offsets, topic_ids = self._projected()
        anew = {topic for topic, topic_id in topic_ids.items() if layout.ids[topic] != topic_id}
        anew |= _past_end(offsets, ends_of(self._bootstrap, layout))
        if anew.difference(ROW_TOPICS):
            logger.warning(
                "Topics were created anew: runs, outcomes and dead letters are built again from the beginning."
            )
            tick.writer.forget_history()
        missed = MissedDeletions(
            engine=self._engine,
            bootstrap=self._bootstrap,
            layout=layout,
            writer=tick.writer,
            renew=lambda: tick.renew(caught_up=False),
            oldest=self._oldest_position,
        )
        for topic, doubt in missed.doubts(topic_ids, complete_at).items():
            missed.settle(topic, doubt, stop)
        for topic in anew.intersection(ROW_TOPICS) if not stop.is_set() else ():
            logger.warning("%s was created anew, or Kafka lost records of it: it is read from its beginning.", topic)
            tick.writer.begin_anew(topic, layout.partitions[topic])
        return Source(self._bootstrap, layout, self._projected()[0])

    def _projected(self) -> tuple[Offsets, dict[str, str]]:
        with self._engine.connect() as connection:
            return projected(connection)

    def _project(self, stop: threading.Event, source: Source, layout: Layout, tick: Tick) -> None:
        checked_at, forgot_at = time.monotonic(), float("-inf")
        self._stall_detector.restarted()
        while not stop.is_set():
            with self._stall_detector.step():
                records = source.poll(POLL_SECONDS)
            self._stall_detector.polled(delivered=bool(records), more=source.more)
            tick.writer.write(records)
            if source.at_end:
                self._take_kept_records(stop, tick)
                self._caught_up_at = now_ms()
            tick.renew(caught_up=source.at_end)
            if time.monotonic() - checked_at > self._check_seconds:
                if not self._goes_on(source, layout):
                    return
                checked_at = time.monotonic()
            if time.monotonic() - forgot_at > FORGET_SECONDS:
                tick.writer.forget_before(begins_of(self._bootstrap, layout))
                forgot_at = time.monotonic()

    def _take_kept_records(self, stop: threading.Event, tick: "Tick") -> None:
        if not tick.kept_records_taken:
            take_kept_records(
                self._engine, tick.writer, bootstrap=self._bootstrap, codec=self._codec, renew=tick.renew, stop=stop
            )
            tick.kept_records_taken = True

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


def _past_end(offsets: Offsets, ends: Offsets) -> set[str]:
    """The topics that hold less than was projected of them: Kafka has lost records, and may give their offsets again."""
    return {place[0] for place, offset in offsets.items() if offset > ends.get(place, 0)}
