"""Moves the records of all topics to another number of partitions, and goes on where it was interrupted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from messaging.migration.cluster import Cluster
from messaging.migration.copier import Copier, read_all
from messaging.migration.marker import Marker
from messaging.migration.records import FINISHED_FIRST, moved
from messaging.migration.state import MigrationState, copy_name
from messaging.topic_admin import TopicsError, create_topics, topic_id
from messaging.topic_settings import set_settings, settings_of
from schemas.topics import (
    APP_ID,
    MAX_BATCH_BYTES,
    MOVED,
    SYNC_EXPANSION,
    SYNC_REQUESTED,
    VENDOR_RECORD,
    VENDOR_SYNC,
    Topic,
)

READ_BY_WORKERS: Final = (SYNC_REQUESTED, SYNC_EXPANSION, VENDOR_RECORD, VENDOR_SYNC)
"""Topics whose offsets workers commit."""


@dataclass(frozen=True, kw_only=True)
class MigrationReport:
    """A migration that is complete. ``records``: how many each topic holds now that were moved."""

    partitions: int
    records: Mapping[str, int] = field(default_factory=dict)


class Migration:
    """A migration of one Kafka to so many ``partitions``.

    1. The brokers refuse all writes to the topics. Nothing is lost while the records are copied.
    2. Each topic is copied, by the new places of its keys. Only when all copies are complete, the next step begins.
    3. Each topic is deleted, created with the new number of partitions, and filled from its copy.

    Each step may be interrupted and repeated. The state is on a topic of its own; workers refuse to start while it exists.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        partitions: int,
        replication: int | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``replication`` None: the cluster's default. ``report`` is called with a line for a person at each topic."""
        self._cluster = Cluster(bootstrap, replication=replication)
        self._marker = Marker(self._cluster)
        self._partitions = partitions
        self._replication = replication
        self._report = report

    def run(self, *, leave_unfinished: bool = False) -> MigrationReport:
        """Migrate, or go on with the migration that was interrupted.

        Args:
            leave_unfinished: whether runs may be under way that are not finished; they will not be.

        Raises:
            TopicsError: workers run, work is unfinished, or Kafka refuses a step. The text says what to do.
            KafkaUnavailableError: Kafka does not answer; the command may be repeated.
        """
        state = self._marker.read()
        self._refuse_workers()
        if state is None:
            if not leave_unfinished:
                self._refuse_unfinished()
            state = self._marker.write(self._first_state())
        if state.partitions != self._partitions:
            raise TopicsError(
                f"A migration to {state.partitions} partitions is under way: complete it with "
                f"`vive-sync topics migrate --partitions {state.partitions}`."
            )
        if not state.copied:
            self._copy(state)
            state = self._marker.write(state.with_copies())
        records = {}
        for topic in state.to_restore():
            records[topic.name] = self._restore(topic, state)
            state = self._marker.write(state.with_restored(topic))
        self._cluster.read_from_the_beginning(topic.name for topic in READ_BY_WORKERS)
        self._cluster.delete(copy_name(topic) for topic in MOVED)
        self._marker.remove()
        return MigrationReport(partitions=self._partitions, records=records)

    def abandon(self) -> None:
        """Give up a migration that has not deleted any topic yet: all is as before.

        Raises:
            TopicsError: there is none, or topics have been deleted. The text says what to do.
        """
        state = self._marker.read()
        if state is None:
            raise TopicsError("No migration is under way.")
        if state.copied:
            raise TopicsError(
                "The copies are complete and topics may have been deleted: complete the migration with "
                f"`vive-sync topics migrate --partitions {state.partitions}`."
            )
        self._open(state)
        self._cluster.delete(copy_name(topic) for topic in MOVED)
        self._marker.remove()

    def _open(self, state: MigrationState) -> None:
        set_settings(
            self._cluster.admin,
            {name: {"max.message.bytes": str(value)} for name, value in state.batch_bytes.items()},
        )

    def _refuse_workers(self) -> None:
        workers = self._cluster.workers()
        if workers:
            raise TopicsError(
                f"{workers} workers run in the consumer group {APP_ID}: stop all workers, then run the command again."
            )

    def _refuse_unfinished(self) -> None:
        for topic in FINISHED_FIRST:
            starts = self._cluster.finished(topic.name)
            count = sum(1 for _ in read_all(self._cluster.bootstrap, topic.name, starts))
            if count:
                raise TopicsError(
                    f"{count} records of {topic.name} are not finished: start workers until `vive-sync status` shows that the "
                    "runs are done, then stop them and run the command again. With --leave-unfinished the vendors are synced "
                    "after the migration, and a run that is not done must be requested again."
                )

    def _first_state(self) -> MigrationState:
        settings = settings_of(self._cluster.admin, [topic.name for topic in MOVED])
        return MigrationState(
            partitions=self._partitions,
            topic_ids={topic.name: topic_id(self._cluster.admin, topic) for topic in MOVED},
            batch_bytes={name: int(each.get("max.message.bytes", MAX_BATCH_BYTES)) for name, each in settings.items()},
        )

    def _copy(self, state: MigrationState) -> None:
        names = [topic.name for topic in MOVED]
        try:
            self._cluster.close(names)
        except TopicsError:
            self._open(state)
            raise
        ends = self._cluster.ends(names)
        self._cluster.delete(copy_name(topic) for topic in MOVED)
        copier = Copier(self._cluster.bootstrap)
        for topic in MOVED:
            self._cluster.create(copy_name(topic), self._partitions)
            count = self._copy_topic(topic, copier)
            self._report(f"{topic.name}: {count} records copied.")
        self._refuse_workers()
        changed = {topic for (topic, number), end in self._cluster.ends(names).items() if end != ends[topic, number]}
        if changed:
            raise TopicsError(f"Records were written to {', '.join(sorted(changed))} meanwhile: run the command again.")

    def _copy_topic(self, topic: Topic, copier: Copier) -> int:
        before = self._cluster.partitions(topic.name) or 0
        read = partial(read_all, self._cluster.bootstrap, topic.name, dict.fromkeys(range(before), 0))
        finished = self._cluster.finished(topic.name)
        return copier.write(copy_name(topic), moved(topic, read, finished, before=before, after=self._partitions))

    def _restore(self, topic: Topic, state: MigrationState) -> int:
        self._cluster.delete([topic.name])
        create_topics(self._cluster.admin, partitions=self._partitions, replication=self._replication, topics=[topic])
        self._cluster.wait_for(topic.name, self._partitions)
        if topic_id(self._cluster.admin, topic) == state.topic_ids[topic.name]:
            raise TopicsError(f"Topic {topic.name} was not deleted: run the command again.")
        if state.batch_bytes[topic.name] > MAX_BATCH_BYTES:
            set_settings(self._cluster.admin, {topic.name: {"max.message.bytes": str(state.batch_bytes[topic.name])}})
        copied = read_all(self._cluster.bootstrap, copy_name(topic), dict.fromkeys(range(self._partitions), 0))
        count = Copier(self._cluster.bootstrap).write(topic.name, copied)
        ends = self._cluster.ends([topic.name, copy_name(topic)])
        if any(ends[topic.name, number] != ends[copy_name(topic), number] for number in range(self._partitions)):
            self._report(f"{topic.name}: another producer wrote records during the migration; they are kept.")
        self._report(f"{topic.name}: {count} records in {self._partitions} partitions.")
        return count
