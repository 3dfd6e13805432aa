"""Writes records into the tables in batches, each with its offsets in one transaction."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from console.read_model.folds.facts import Facts, Unreadable, VendorFact, facts_of
from console.read_model.projection.held_back import HeldBack
from console.read_model.projection.history import forget_history
from console.read_model.projection.projected_offsets import note_kept_records_taken, save_offsets
from console.read_model.projection.projection import forget, project
from console.read_model.projection.retention import forget_before
from console.read_model.store.engine import learn_sizes, writing
from console.read_model.store.lease import Lease
from messaging.topic_offsets import Offsets
from messaging.topic_reader import ConsumedRecord
from schemas.wire.codec import Codec

logger = logging.getLogger(__name__)
MAX_BYTES: Final = 4_000_000
"""A record of ``sync-run`` names up to a thousand vendors: so many records at once would be a long transaction."""

LEARN_AFTER: Final = 20_000


class Writer:
    """Writes under a lease: nothing is written once another one has it."""

    def __init__(
        self, engine: Engine, lease: Lease, codec: Codec, topic_ids: Mapping[str, str], *, partitions: int
    ) -> None:
        """``topic_ids`` and ``partitions``: Kafka's ids of the topics, and how many partitions each has."""
        self._engine = engine
        self._lease = lease
        self._codec = codec
        self._topic_ids = topic_ids
        self._partitions = partitions
        self._held_back = HeldBack(codec)
        self._uncounted = 0

    def write(self, records: Sequence[ConsumedRecord]) -> None:
        """Take the records in, in their order.

        Raises:
            LeaseLostError: another one projects; the tables hold what came before.
            KafkaUnavailableError: a schema of these records could not be looked up.
        """
        for batch in _cut(self._held_back.ready(records)):
            try:
                self.project(facts_of(batch, self._codec, partitions=self._partitions))
            except DataError:
                self._one_by_one(batch)
            self._count(len(batch))

    def _count(self, records: int) -> None:
        self._uncounted += records
        if self._uncounted >= LEARN_AFTER:
            with writing(self._engine) as connection:
                learn_sizes(connection)
            self._uncounted = 0

    def _one_by_one(self, batch: Sequence[ConsumedRecord]) -> None:
        """A value that the database does not take costs only its own record."""
        for record in batch:
            try:
                self.project(facts_of([record], self._codec, partitions=self._partitions))
            except DataError as error:
                place = f"{record.topic}, partition {record.partition}, offset {record.offset}"
                logger.warning("The read model's database does not take a record (%s).", place)
                why = f"The database does not take it: {type(error.orig).__name__}."
                offsets = {(record.topic, record.partition): record.offset + 1}
                self.project(Facts(unreadable=[Unreadable(record, why)], next_offsets=offsets))

    def project(self, facts: Facts) -> None:
        """Take these facts in, in one transaction.

        Raises:
            LeaseLostError: another one projects; nothing was written.
        """
        read = dict(facts.next_offsets)
        facts.next_offsets.update(self._held_back.to_store(read))
        with writing(self._engine) as connection:
            revision = self._lease.hold(connection)
            project(connection, facts, self._topic_ids, revision=revision)
        self._held_back.projected(read)

    def take_kept_records(self, records: Sequence[VendorFact]) -> None:
        """Take in records of the vendor table, and store that this is done.

        Raises:
            LeaseLostError: another one projects; some may be taken in.
        """
        for record in records:
            try:
                self.project(Facts(records=[record]))
            except DataError as error:
                why = type(error.orig).__name__
                logger.warning("The read model's database does not take the record of %s (%s).", record.key, why)
        with writing(self._engine) as connection:
            self._lease.hold(connection)
            note_kept_records_taken(connection)

    def forget_before(self, begins: Offsets) -> None:
        """Forget what lay before the first offsets that the topics still hold.

        Raises:
            LeaseLostError: another one projects; nothing was forgotten.
        """
        with writing(self._engine) as connection:
            self._lease.hold(connection)
            forget_before(connection, begins)

    def forget(self) -> None:
        """Empty the tables, to begin at the beginning of all topics.

        Raises:
            LeaseLostError: another one projects; nothing was emptied.
        """
        with writing(self._engine) as connection:
            self._lease.hold(connection)
            self._lease.begin_anew(connection)
            forget(connection)

    def forget_history(self) -> None:
        """Empty the tables but those of clients and vendors, to begin at the beginning of the other topics.

        Raises:
            LeaseLostError: another one projects; nothing was emptied.
        """
        with writing(self._engine) as connection:
            self._lease.hold(connection)
            forget_history(connection)

    def begin_anew(self, topic: str, partitions: int) -> None:
        """Note that this topic is to be read from its beginning; the rows that come from it stay.

        Raises:
            LeaseLostError: another one projects; nothing was noted.
        """
        with writing(self._engine) as connection:
            self._lease.hold(connection)
            save_offsets(connection, {(topic, number): 0 for number in range(partitions)}, self._topic_ids)


def _cut(records: Sequence[ConsumedRecord]) -> Iterator[list[ConsumedRecord]]:
    batch: list[ConsumedRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.value or b"")
        if size >= MAX_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
