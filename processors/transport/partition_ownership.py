"""The partitions that are assigned to this worker, and the times since when."""

from collections.abc import Callable


class Ownership:
    """Partitions with the time, on the worker's monotonic clock, since which no other worker may have written for them."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: dict[int, float] = {}
        self._generation = 0

    def assigned(self, partitions: set[int], generation: int) -> None:
        """Replace the worker's partitions by those of this generation of the group.

        A partition of the generation before stays owned without a break. A worker that missed a generation (it was suspended,
        say) can't know which worker had its partitions meanwhile.
        """
        now = self._monotonic()
        kept = self._since if is_next_generation(generation, after=self._generation) else {}
        self._since = {partition: kept.get(partition, now) for partition in partitions}
        self._generation = generation

    def since(self, partition: int) -> float:
        """Return the time since when the partition is this worker's.

        Raises:
            KeyError: the partition is not this worker's.
        """
        return self._since[partition]


def is_next_generation(generation: int, *, after: int) -> bool:
    """Whether no generation of the group lies between the two, in which another worker may have had the partitions."""
    return generation <= after + 1
