"""The projected topics, read without a group from given offsets on."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicCollection, TopicPartition

from console.read_model.folds.facts import TOPICS
from messaging.producer import KafkaUnavailableError
from messaging.topic_admin import admin_of
from messaging.topic_offsets import Offsets, TopicOffsets
from messaging.topic_reader import ConsumedRecord, groupless_consumer

BATCH: Final = 2000
SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Kafka's ids of the topics and how many partitions each has, by topic."""

    ids: Mapping[str, str]
    partitions: Mapping[str, int]

    def places(self) -> list[tuple[str, int]]:
        """Every topic and partition."""
        return [(topic, number) for topic, count in self.partitions.items() for number in range(count)]


def layout_of(bootstrap: str) -> Layout:
    """The topics as they are now.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or a topic is missing.
    """
    admin = admin_of(bootstrap)
    names = [topic.name for topic in TOPICS]
    try:
        futures = admin.describe_topics(TopicCollection(names), request_timeout=SECONDS)
        described = {name: future.result() for name, future in futures.items()}
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaUnavailableError("A topic is missing: create the topics with `vive-sync topics`.") from error
        raise KafkaUnavailableError(f"Kafka at {bootstrap} does not answer: {error.args[0].str()}.") from error
    return Layout(
        ids={name: str(topic.topic_id) for name, topic in described.items()},
        partitions={name: len(topic.partitions) for name, topic in described.items()},
    )


def ends_of(bootstrap: str, layout: Layout) -> Offsets:
    """The offset behind the last record of each partition, now.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or a topic is gone.
    """
    return TopicOffsets(bootstrap, seconds=SECONDS).ends(layout.places())


def begins_of(bootstrap: str, layout: Layout) -> Offsets:
    """The first offset that each partition still holds.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or a topic is gone.
    """
    return TopicOffsets(bootstrap, seconds=SECONDS).begins(layout.places())


class Source:
    """Reads all projected topics. Close it after use."""

    def __init__(self, bootstrap: str, layout: Layout, offsets: Offsets) -> None:
        """Begin each partition at its offset, or at its beginning where none is given."""
        self._where = layout.places()
        self.positions: Offsets = {place: offsets.get(place, 0) for place in self._where}
        """Everything before them has been handed over, or is not there."""
        self._at_end: set[tuple[str, int]] = set()
        self.more = False
        """Whether there may have been more to hand over at once when it was last polled."""
        self._consumer = groupless_consumer(bootstrap, group_id="vive-sync-read-model")
        self._consumer.assign([TopicPartition(*place, offsets.get(place, OFFSET_BEGINNING)) for place in self._where])

    def poll(self, seconds: float) -> list[ConsumedRecord]:
        """The records that arrive within so many seconds, each once.

        Raises:
            KafkaUnavailableError: a partition can't be read.
        """
        records = []
        messages = self._consumer.consume(BATCH, seconds)
        self.more = len(messages) == BATCH
        for message in messages:
            place = message.topic() or "", message.partition() or 0
            error, offset = message.error(), message.offset() or 0
            if error is None:
                self._at_end.discard(place)
                if offset >= self.positions[place]:
                    records.append(ConsumedRecord.of(message))
                    self.positions[place] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- librdkafka's own name for it
                self._at_end.add(place)
                self.positions[place] = max(self.positions[place], offset)
            else:
                raise KafkaUnavailableError(f"Topic {place[0]} can't be read: {error.str()}.")
        return records

    def batches_to(self, ends: Offsets, *, silence: str) -> Iterator[list[ConsumedRecord]]:
        """What each poll returns, also nothing, until everything before these offsets has been handed over.

        Raises:
            KafkaUnavailableError: nothing is handed over for as long as Kafka may take to answer; the text is ``silence``.
        """
        deadline = time.monotonic() + SECONDS
        while any(self.positions[place] < end for place, end in ends.items()):
            records = self.poll(POLL_SECONDS)
            if records:
                deadline = time.monotonic() + SECONDS
            elif time.monotonic() > deadline:
                raise KafkaUnavailableError(silence)
            yield records

    def learn(self, ends: Offsets) -> None:
        """Take in where partitions end, by another client's word: what is longer than was handed over is not at its end."""
        self._at_end -= {place for place, end in ends.items() if end > self.positions[place]}

    @property
    def at_end(self) -> bool:
        """Whether the consumer has delivered all that the partitions held at the last check."""
        return len(self._at_end) == len(self._where)

    def close(self) -> None:
        """End reading."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
