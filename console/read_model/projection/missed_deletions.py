"""Deletions that the projector may have missed: it reads the keys of compacted topics from their beginning."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, select

from console.read_model.folds.facts import FORWARDED, ROW_TOPICS, Facts, VendorFact
from console.read_model.folds.missing_rows import PartitionRows, missing_rows
from console.read_model.projection.source import SECONDS, Layout, Source, ends_of
from console.read_model.projection.writer import Writer
from console.read_model.store import tables
from console.read_model.store.engine import reading
from console.read_model.store.lease import now_ms
from messaging.missed_deletions import Position, PositionDoubt, doubt_of
from messaging.topic_reader import ConsumedRecord
from schemas.integration_copies import IntegrationCopy
from schemas.records.vendor_key import VendorKey
from schemas.topics import INTEGRATION
from schemas.wire.partitioning import is_foreign

logger = logging.getLogger(__name__)
KEYS_AT_ONCE: Final = 1000
"""Rows that are read at once, and that one transaction deletes."""


@dataclass(frozen=True, kw_only=True)
class MissedDeletions:
    """Finds rows whose record is gone, and deletes them unless a person has to decide.

    Args:
        engine: the read model's database.
        bootstrap: the brokers.
        layout: the topics as they are now.
        writer: writes under the projector's lease.
        renew: holds the lease while nothing is written.
        oldest: the age of a position from which on deletions may have been missed.
    """

    engine: Engine
    bootstrap: str
    layout: Layout
    writer: Writer
    renew: Callable[[], None]
    oldest: timedelta

    def doubts(self, topic_ids: Mapping[str, str], complete_at: int) -> dict[str, PositionDoubt]:
        """The topics on which deletions may have been missed, and why.

        Args:
            topic_ids: the ids of the topics that were projected.
            complete_at: a time, in milliseconds since 1970, before which no deletion was missed; 0: it is unknown.
        """
        now = datetime.now(UTC)
        at = datetime.fromtimestamp(complete_at / 1000, UTC) if complete_at else None
        found: dict[str, PositionDoubt] = {}
        with reading(self.engine) as connection:
            for topic in ROW_TOPICS:
                position = Position(at, topic_ids[topic]) if topic in topic_ids else None
                has_rows = connection.execute(_ids(topic).limit(1)).first() is not None
                topic_id = self.layout.ids[topic]
                doubt = doubt_of(position, topic_id=topic_id, now=now, oldest=self.oldest, has_rows=has_rows)
                if doubt is not None:
                    found[topic] = doubt
        return found

    def settle(self, topic: str, doubt: PositionDoubt, stop: threading.Event) -> None:
        """Read the topic and delete what is gone; nothing is changed once ``stop`` is set.

        Raises:
            KafkaUnavailableError: Kafka does not answer, or hands nothing over.
            LeaseLostError: another one projects.
        """
        logger.warning("The keys of %s are read from its beginning, because %s.", topic, doubt.value)
        on_topic = self._keys_on_topic(topic, stop)
        if stop.is_set():
            return
        partitions = self.layout.partitions[topic]
        with reading(self.engine) as connection:
            found = missing_rows(_keys_of_rows(connection, topic), on_topic, partitions=partitions)
        for number, rows in found.items():
            if rows.may_be_deleted(doubt):
                self._delete(topic, rows.missing)
            else:
                logger.error("%s", _sentence(topic, number, rows, doubt))

    def _keys_on_topic(self, topic: str, stop: threading.Event) -> dict[bytes, int]:
        """The keys of all records and tombstones of the topic, each with its partition."""
        keys: dict[bytes, int] = {}
        only = Layout(ids={topic: self.layout.ids[topic]}, partitions={topic: self.layout.partitions[topic]})
        ends = ends_of(self.bootstrap, only)
        silence = f"Kafka handed nothing of {topic} over for {SECONDS:.0f} seconds."
        with Source(self.bootstrap, only, {}) as source:
            for records in source.batches_to(ends, silence=silence):
                if stop.is_set():
                    break
                keys.update(
                    (each.key, each.partition) for each in records if each.key is not None and self._counts(each)
                )
                self.renew()
        return keys

    def _counts(self, record: ConsumedRecord) -> bool:
        """Whether the record is in its place: a copy on a foreign partition shows no vendor."""
        partitions = self.layout.partitions[record.topic]
        return record.topic not in FORWARDED or not is_foreign(record.key, record.partition, partitions)

    def _delete(self, topic: str, keys: Sequence[bytes]) -> None:
        for begin in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[begin : begin + KEYS_AT_ONCE]
            if topic == INTEGRATION.name:
                self.writer.project(Facts(integrations=self._tombstones(some)))
            else:
                self.writer.project(Facts(records=[VendorFact(VendorKey.from_bytes(key), None) for key in some]))
        if keys:
            logger.warning("%d rows of the read model are deleted: %s has no record of them.", len(keys), topic)

    def _tombstones(self, keys: Sequence[bytes]) -> list[IntegrationCopy]:
        """A tombstone for each copy of these clients' integrations."""
        copies = tables.integration_copies.c
        of_clients = select(copies.client_id, copies.partition, copies.own).where(
            copies.client_id.in_([key.decode() for key in keys])
        )
        with reading(self.engine) as connection:
            return [
                IntegrationCopy(**row._mapping, written_at=now_ms(), content=None)  # noqa: SLF001 -- SQLAlchemy's API
                for row in connection.execute(of_clients)
            ]


def _ids(topic: str) -> Select[Any]:
    """The ids of the clients or vendors of which there is a record."""
    if topic == INTEGRATION.name:
        copies = tables.integration_copies.c
        there = copies.body.is_not(None) | copies.unreadable_code.is_not(None)
        return select(copies.client_id).where(there).distinct()
    vendors = tables.vendors
    return select(vendors.c.client_id, vendors.c.vendor_id).where(vendors.c.version >= 0)


def _keys_of_rows(connection: Connection, topic: str) -> Iterator[bytes]:
    """The keys of the records that the rows come from."""
    for row in connection.execute(_ids(topic), execution_options={"yield_per": KEYS_AT_ONCE}):
        yield row.client_id.encode() if topic == INTEGRATION.name else VendorKey(*row).to_bytes()


def _sentence(topic: str, partition: int, rows: PartitionRows, doubt: PositionDoubt) -> str:
    return (
        f"{len(rows.missing)} of {rows.rows} rows of the read model have no record on partition {partition} of {topic}, which"
        f" was read again because {doubt.value}. They are kept, since records may be lost. If they were deleted on purpose,"
        " run `vive-sync table missing --delete` for vendors, or `vive-sync rebuild-read-model` for everything."
    )
