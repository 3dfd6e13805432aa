"""Finds partitions whose reading has stopped before their end. Pure."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

PartitionId = TypeVar("PartitionId", bound=tuple[str, int])
"""A topic and the number of one of its partitions."""


class Behind(NamedTuple):
    """A partition that has unread records."""

    read_to: int
    since: float
    """The time of the first check at which it was behind at this offset. In seconds of the checks' clock."""


def behind(
    before: Mapping[PartitionId, Behind],
    read_to: Mapping[PartitionId, int],
    ends: Mapping[PartitionId, int],
    *,
    at: float,
) -> dict[PartitionId, Behind]:
    """The partitions that are behind at this check, which happens ``at``; ``before`` is the result of the check before."""
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
