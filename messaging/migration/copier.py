"""Reads all records of a topic, and writes records to given partitions of another."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Message, Producer, TopicPartition

from messaging.migration.records import StoredRecord
from messaging.producer import IDEMPOTENT, KafkaUnavailableError
from messaging.topic_reader import groupless_consumer, headers_of

READ_SECONDS: Final = 60.0
"""How long Kafka may return no record before the end of a topic."""
WRITE_SECONDS: Final = 120.0
BATCH: Final = 2000
LARGEST_BYTES: Final = 100_000_000
"""No limit in practice: the brokers took the record once, so a topic with the same limit takes it again."""


def read_all(bootstrap: str, topic: str, starts: dict[int, int]) -> Iterator[StoredRecord]:
    """All committed records of a topic up to its end, each partition in its order.

    Args:
        bootstrap: the brokers.
        topic: its name.
        starts: by partition, the first offset to read; 0 reads from the beginning.

    Raises:
        KafkaUnavailableError: Kafka does not return the records.
    """
    consumer = groupless_consumer(bootstrap, group_id="vive-sync-migration")
    try:
        consumer.assign([TopicPartition(topic, number, start or OFFSET_BEGINNING) for number, start in starts.items()])
        at_end: set[int] = set()
        deadline = time.monotonic() + READ_SECONDS
        while len(at_end) < len(starts):
            messages = consumer.consume(BATCH, 0.2)
            if messages:
                deadline = time.monotonic() + READ_SECONDS
            elif time.monotonic() > deadline:
                raise KafkaUnavailableError(
                    f"Kafka at {bootstrap} returned no record of {topic} for {READ_SECONDS:.0f} s."
                )
            for message in messages:
                error = message.error()
                if error is None:
                    yield _stored(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- librdkafka's own name for it
                    at_end.add(message.partition() or 0)
                else:
                    raise KafkaUnavailableError(f"Topic {topic} can't be read: {error.str()}.")
    finally:
        consumer.close()


def _stored(message: Message) -> StoredRecord:
    _, timestamp_ms = message.timestamp()
    return StoredRecord(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        headers=headers_of(message),
        timestamp_ms=max(timestamp_ms, 0),
    )


class Copier:
    """Writes records with their partition, headers and timestamp."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._failed: list[KafkaError] = []
        self._producer = Producer(
            {
                **IDEMPOTENT,
                "bootstrap.servers": bootstrap,
                "linger.ms": 20,
                "message.max.bytes": LARGEST_BYTES,
                "message.timeout.ms": int(WRITE_SECONDS * 1000),
            }
        )

    def write(self, topic: str, records: Iterable[StoredRecord]) -> int:
        """Write these records, and return their number once the brokers have all of them.

        Raises:
            KafkaUnavailableError: the brokers do not have all of them.
        """
        count = 0
        for count, record in enumerate(records, start=1):  # noqa: B007 -- the count is what is returned
            self._produce(topic, record)
            self._raise_failure(topic)
        if self._producer.flush(WRITE_SECONDS):
            raise KafkaUnavailableError(f"Kafka at {self._bootstrap} did not take all records of {topic} in time.")
        self._raise_failure(topic)
        return count

    def _produce(self, topic: str, record: StoredRecord) -> None:
        while True:
            try:
                self._producer.produce(
                    topic,
                    key=record.key,
                    value=record.value,
                    partition=record.partition,
                    headers=[*record.headers],
                    timestamp=record.timestamp_ms,
                    on_delivery=self._delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise KafkaUnavailableError(
                    f"Kafka does not take a record of {topic}: {error.args[0].str()}."
                ) from error
            else:
                self._producer.poll(0)
                return

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error)

    def _raise_failure(self, topic: str) -> None:
        if self._failed:
            raise KafkaUnavailableError(f"Kafka does not take a record of {topic}: {self._failed[0].str()}.")
