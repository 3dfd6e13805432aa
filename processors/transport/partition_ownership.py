"""Which partitions are this worker's, and since when."""

from collections.abc import Callable


class Ownership:
    """Partitions with the time, on the worker's monotonic clock, since which no other worker may have written for them."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since: dict[int, float] = {}
        self._generation = 0

    def assigned(self, partitions: set[int], generation: int) -> None:
        """These are ours from now on, and no others, in this generation of the group.

        One that was ours in the generation before stays so without a break. A worker that missed a generation (it was
        stopped for a while, say) can't know who had its partitions meanwhile.
        """
        now = self._monotonic()
        kept = self._since if generation <= self._generation + 1 else {}
        self._since = {partition: kept.get(partition, now) for partition in partitions}
        self._generation = generation

    def since(self, partition: int) -> float:
        """Since when the partition is ours.

        Raises:
            KeyError: it is not.
        """
        return self._since[partition]
