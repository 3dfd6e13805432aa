"""Rows of the read model that come from a record that is not on its topic any more. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from messaging.missed_deletions import PositionDoubt, may_delete
from schemas.wire.partitioning import partition_of


@dataclass(slots=True)
class PartitionRows:
    """The rows that come from one partition: their number, and the keys of those without a record."""

    rows: int = 0
    missing: list[bytes] = field(default_factory=list)

    def may_be_deleted(self, doubt: PositionDoubt) -> bool:
        """Whether the rows without a record may be deleted without asking a person."""
        return may_delete(doubt, missing=len(self.missing), rows=self.rows)


def missing_rows(
    keys: Iterable[bytes], on_topic: Mapping[bytes, int], *, partitions: int
) -> Mapping[int, PartitionRows]:
    """The rows by partition.

    Args:
        keys: the keys of the records that the rows come from.
        on_topic: the partition of each key that the topic holds.
        partitions: the number of the topic's partitions.
    """
    found = {number: PartitionRows() for number in range(partitions)}
    for key in keys:
        partition = on_topic.get(key)
        rows = found[partition_of(key, partitions) if partition is None else partition]
        rows.rows += 1
        if partition is None:
            rows.missing.append(key)
    return found
