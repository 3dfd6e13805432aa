"""Which records of a topic move, in which order, and to which partition. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from schemas.topics import SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG, Topic
from schemas.wire.partitioning import PARTITIONS_HEADER, is_foreign, partition_of
from schemas.wire.row_epoch import FIRST, RowEpoch

Headers = tuple[tuple[str, bytes], ...]
UNFINISHED_ONLY: Final = frozenset({SYNC_REQUESTED, VENDOR_SYNC})
"""Topics of which only records move that no worker has finished: one that is finished would be worked again."""
FINISHED_FIRST: Final = frozenset({SYNC_REQUESTED, SYNC_EXPANSION, VENDOR_SYNC})
"""Topics whose records workers should have finished before a migration."""


class StoredRecord(NamedTuple):
    """A record as it is on a topic. ``timestamp_ms``: when it was produced, in milliseconds since 1970."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


ReadAgain = Callable[[], Iterable[StoredRecord]]
"""Reads all records that a topic holds, each partition in its order; it may be called several times."""


def moved(
    topic: Topic, read: ReadAgain, finished: Mapping[int, int], *, before: int, after: int
) -> Iterator[StoredRecord]:
    """The records to keep, each with its new partition, in the order in which they are to be written.

    A record on a partition that its key does not belong to comes before those that are in their place: where the partitions
    of a topic were raised, it is the older one of its key.

    Args:
        topic: the topic.
        read: reads its records.
        finished: by partition, the first offset that the workers have not finished.
        before: the number of partitions that the topic has.
        after: the number that it is to have.
    """
    if topic == SYNC_EXPANSION:  # it names a partition of the old number
        return
    for foreign in (True, False):
        for record in _kept(topic, read(), finished):
            if is_foreign(record.key, record.partition, before) == foreign:
                yield _placed(topic, record, after)


def _kept(topic: Topic, records: Iterable[StoredRecord], finished: Mapping[int, int]) -> Iterable[StoredRecord]:
    if topic in UNFINISHED_ONLY:
        return (record for record in records if record.offset >= finished.get(record.partition, 0))
    if topic == VENDOR_TABLE_CHANGELOG:
        return _rows(records)
    return records


def _rows(records: Iterable[StoredRecord]) -> Iterator[StoredRecord]:
    """The rows, without those that came too late. Rows of several partitions meet, so they have no epoch any more."""
    newest: dict[int, RowEpoch] = {}
    for record in records:
        epoch, before = RowEpoch.of_headers(record.headers), newest.get(record.partition, FIRST)
        if epoch is None or epoch >= before:
            newest[record.partition] = epoch or before
            yield record


def _placed(topic: Topic, record: StoredRecord, partitions: int) -> StoredRecord:
    partition = record.partition % partitions if record.key is None else partition_of(record.key, partitions)
    if topic == VENDOR_TABLE_CHANGELOG:
        return record._replace(partition=partition, headers=((PARTITIONS_HEADER, str(partitions).encode()),))
    return record._replace(partition=partition)
