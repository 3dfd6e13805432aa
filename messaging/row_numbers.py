"""The numbers of partitions by which the newest rows of the vendor table were placed."""

from typing import Final

from messaging.topic_offsets import TopicOffsets
from messaging.topic_reader import TopicReader
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
    starts = {each: max(begins[each], ends[each] - ROWS) for each in numbers}
    with TopicReader(bootstrap, [VENDOR_TABLE_CHANGELOG.name], offsets=starts, seconds=SECONDS) as reader:
        named = {placed_by(record.headers) for record in reader.to_end()}
    return {number for number in named if number is not None}
