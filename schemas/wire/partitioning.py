"""The partition of a key."""

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many, as Java's producers, Faust and librdkafka's ``murmur2_random`` choose it."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
