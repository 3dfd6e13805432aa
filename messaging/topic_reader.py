"""Reads topics without a consumer group, from a point in time or from the beginning."""

import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from messaging.isolation import READ_COMMITTED
from messaging.producer import LOG_LEVEL, KafkaUnavailableError
from messaging.topic_offsets import Offsets, TopicOffsets
from schemas.wire.partitioning import is_foreign


class ConsumedRecord(NamedTuple):
    """A record with its position on its topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0
    """Kafka's time of the record, in milliseconds since 1970; 0 where it is not known."""

    @classmethod
    def of(cls, message: Message) -> Self:
        """The record that a consumer returned."""
        _, timestamp = message.timestamp()
        position = message.topic() or "", message.partition() or 0, message.offset() or 0
        return cls(*position, message.key(), message.value(), headers_of(message), timestamp)


BATCH: Final = 1000


class TopicReader:
    """Reads several topics, or one partition of each. Close it after use."""

    def __init__(
        self,
        bootstrap: str,
        topics: list[str],
        *,
        since_ms: int | None = None,
        partition: int | None = None,
        own_only: bool = False,
        offsets: Offsets | None = None,
        seconds: float = 10.0,
    ) -> None:
        """Seek to the start.

        Args:
            bootstrap: the brokers.
            topics: the names of the topics.
            since_ms: read from the first record of this time (Unix, milliseconds) or later; None: from the beginning.
            partition: read only this partition of each topic; None: all.
            own_only: leave out records on a partition that their key does not belong to.
            offsets: begin partitions at these offsets, others where ``since_ms`` says.
            seconds: the longest that Kafka may take to answer.

        Raises:
            KafkaUnavailableError: Kafka does not answer within ``seconds``, or a topic is missing.
        """
        self._bootstrap = bootstrap
        self._seconds = seconds
        self._own_only = own_only
        self._counts: dict[str, int] = {}
        self._at_end: set[tuple[str, int]] = set()
        self.positions: Offsets = {}
        """The next offset of each partition: the reader has returned all records before it."""
        self.more = False
        """Whether the last poll returned a full batch, so that more records may be there already."""
        self._consumer = groupless_consumer(bootstrap, group_id="vive-sync-reader")
        try:
            self._seek(topics, partition, since_ms, offsets or {})
        except KafkaUnavailableError:
            self._consumer.close()
            raise

    def _seek(self, topics: list[str], partition: int | None, since_ms: int | None, offsets: Offsets) -> None:
        try:
            self._partitions = [tp for topic in topics for tp in self._partitions_of(topic, partition)]
            self._begin(self._starts(since_ms, offsets))
        except KafkaException as error:
            raise KafkaUnavailableError(
                f"Kafka at {self._bootstrap} does not answer: {error.args[0].str()}."
            ) from error

    def _begin(self, starts: list[TopicPartition]) -> None:
        self.positions = {(tp.topic, tp.partition): max(tp.offset, 0) for tp in starts}
        self._consumer.assign(starts)

    def _partitions_of(self, topic: str, partition: int | None) -> list[TopicPartition]:
        metadata = self._consumer.list_topics(topic, timeout=self._seconds).topics[topic]
        if metadata.error is not None:
            raise KafkaUnavailableError(f"Topic {topic} can't be read: {metadata.error.str()}. Run `vive-sync topics`.")
        self._counts[topic] = len(metadata.partitions)
        numbers = sorted(metadata.partitions) if partition is None else [partition]
        return [TopicPartition(topic, number) for number in numbers]

    def _starts(self, since_ms: int | None, offsets: Offsets) -> list[TopicPartition]:
        partitions = [(tp.topic, tp.partition) for tp in self._partitions]
        found = dict.fromkeys(partitions, OFFSET_BEGINNING)
        if since_ms is not None:
            found = TopicOffsets(self._bootstrap, seconds=self._seconds).since(partitions, since_ms)
        return [TopicPartition(*each, offsets.get(each, offset)) for each, offset in found.items()]

    def poll(self, seconds: float) -> list[ConsumedRecord]:
        """The records that arrive within so many seconds; empty when none does."""
        records = []
        messages = self._consumer.consume(BATCH, seconds)
        self.more = len(messages) == BATCH
        for message in messages:
            error = message.error()
            topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
            if error is None:
                record = ConsumedRecord.of(message)
                if not (self._own_only and is_foreign(record.key, partition, self._counts[topic])):
                    records.append(record)
                self.positions[topic, partition] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- librdkafka's own name for it
                self._at_end.add((topic, partition))
                self.positions[topic, partition] = offset
        return records

    def to_end(self) -> Iterator[ConsumedRecord]:
        """All records up to the ends of the topics.

        Raises:
            KafkaUnavailableError: no record arrived for as long as Kafka may take to answer.
        """
        deadline = time.monotonic() + self._seconds
        while len(self._at_end) < len(self._partitions):
            records = self.poll(0.1)
            if records:
                deadline = time.monotonic() + self._seconds
            elif time.monotonic() > deadline:
                raise KafkaUnavailableError(
                    f"Kafka at {self._bootstrap} did not hand over {', '.join(sorted({tp.topic for tp in self._partitions}))} "
                    f"within {self._seconds:.0f} seconds."
                )
            yield from records

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def headers_of(message: Message) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record, which may hold no value."""
    headers: Any = message.headers() or ()
    return tuple((name, value or b"") for name, value in headers)


def groupless_consumer(bootstrap: str, *, group_id: str) -> Consumer:
    """A consumer of committed records that reports partition ends, to be assigned partitions by hand.

    librdkafka asks for a ``group_id``; nothing joins that group or commits for it.
    """
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group_id,
            "enable.auto.commit": False,
            "isolation.level": READ_COMMITTED,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "log_level": LOG_LEVEL,
        }
    )
