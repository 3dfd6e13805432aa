"""The numbers of partitions by which the newest rows of the vendor table were placed."""

import time
from typing import Final

from confluent_kafka import KafkaError, TopicPartition

from messaging.producer import KafkaUnavailableError
from messaging.topic_offsets import TopicOffsets
from messaging.topic_reader import groupless_consumer, headers_of
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import placed_by

ROWS: Final = 20
"""How many of a partition's newest rows are read: those of an older release and of ``vive-sync table repair`` name no number."""
SECONDS: Final = 30.0


def row_numbers(bootstrap: str, partitions: int) -> set[int]:
    """The numbers that the newest rows in each partition of the changelog name. It has so many ``partitions``.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or the topic is missing.
    """
    numbers = [(VENDOR_TABLE_CHANGELOG.name, number) for number in range(partitions)]
    offsets = TopicOffsets(bootstrap, seconds=SECONDS)
    begins, ends = offsets.begins(numbers), offsets.ends(numbers)
    starts = {each: max(begins[each], ends[each] - ROWS) for each in numbers if ends[each] > begins[each]}
    consumer = groupless_consumer(bootstrap, group_id="vive-sync-row-numbers")
    try:
        consumer.assign([TopicPartition(*each, start) for each, start in starts.items()])
        found: set[int | None] = set()
        at_end: set[int | None] = set()
        deadline = time.monotonic() + SECONDS
        while len(at_end) < len(starts):
            for message in consumer.consume(len(starts) * ROWS, 0.1):
                error = message.error()
                if error is None:
                    found.add(placed_by(headers_of(message)))
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- librdkafka's own name for it
                    at_end.add(message.partition())
            if time.monotonic() > deadline:
                raise KafkaUnavailableError(
                    f"Kafka at {bootstrap} did not return the newest rows of {VENDOR_TABLE_CHANGELOG.name} within "
                    f"{SECONDS:.0f} seconds."
                )
    finally:
        consumer.close()
    return {number for number in found if number is not None}
