"""The partition of a key, and the number of partitions by which a row was placed."""

from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka.partitioner import murmur2

PARTITIONS_HEADER: Final = "partitions"
"""The header of a row of the vendor table: the number of partitions by which it was placed."""
FORWARDED_HEADER: Final = "forwarded-from"
"""The header of a record that a worker has forwarded to the partition of its key: the partition that it was on before."""

Headers = Iterable[tuple[str, bytes]] | Mapping[str, bytes] | None


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many, as Java's producers, Faust and librdkafka's ``murmur2_random`` choose it."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def is_foreign(key: bytes | None, partition: int, partitions: int) -> bool:
    """Whether a record with this key belongs to another partition than the one that it is on. A record without a key does not."""
    return key is not None and partition_of(key, partitions) != partition


def is_forwarded(headers: Headers) -> bool:
    """Whether a worker has forwarded the record with these headers to the partition of its key."""
    return FORWARDED_HEADER in dict(headers or ())


def placed_by(headers: Headers) -> int | None:
    """The number of partitions that a row's headers name; None where they name none, as in rows of an older release."""
    try:
        return int(dict(headers or ()).get(PARTITIONS_HEADER, b""))
    except ValueError:
        return None
