"""Which partitions are longer than what was read of them, and since when nothing more was read."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

PartitionId = TypeVar("PartitionId", bound=tuple[str, int])
"""A topic and the number of one of its partitions."""


class Behind(NamedTuple):
    """A partition that is longer than what was read of it."""

    read_to: int
    since: float
    """From when on it was so at each look, and no more was read. In seconds, of the clock that the looks use."""


def behind(
    before: Mapping[PartitionId, Behind],
    read_to: Mapping[PartitionId, int],
    ends: Mapping[PartitionId, int],
    *,
    at: float,
) -> dict[PartitionId, Behind]:
    """The partitions that are behind at this look; ``before``: those that were at the look before."""
    now = {}
    for place, end in ends.items():
        read = read_to[place]
        if end > read:
            known = before.get(place)
            now[place] = known if known is not None and known.read_to == read else Behind(read, at)
    return now


def stuck(now: Mapping[PartitionId, Behind], *, at: float, stall_timeout: float) -> list[PartitionId]:
    """The partitions of which nothing was read for ``stall_timeout`` seconds."""
    return sorted(place for place, one in now.items() if at - one.since >= stall_timeout)
