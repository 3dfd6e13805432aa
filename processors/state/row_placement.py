"""Whether a row of the changelog is on the partition of its key. Pure."""

from enum import Enum

from schemas.wire.partitioning import Headers, is_foreign, placed_by


class Placement(Enum):
    """Where a row is."""

    OWN = "own"
    FOREIGN = "foreign"
    """On a partition that its key does not belong to: such rows are dropped."""
    BY_ANOTHER_NUMBER = "by another number"
    """Placed by another number of partitions than the topics have: other rows of this partition's vendors are elsewhere."""


def placement_of(key: bytes | None, headers: Headers, *, partition: int, partitions: int) -> Placement:
    """Return where a row is that was read from ``partition`` of so many ``partitions``.

    A row that names the number is on its own partition if the number is right: workers take in no foreign records. Rows of an
    older release and of ``vive-sync table repair`` name none.
    """
    number = placed_by(headers)
    if number is None:
        return Placement.FOREIGN if is_foreign(key, partition, partitions) else Placement.OWN
    return Placement.OWN if number == partitions else Placement.BY_ANOTHER_NUMBER
