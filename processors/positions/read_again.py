"""The partitions whose vendor records are read again from their start."""

import asyncio
from collections.abc import Collection


class ReadAgain:
    """Until such a partition is read to its end, some of its vendors may have been deleted: nobody syncs them meanwhile."""

    def __init__(self) -> None:
        self._under_way: dict[int, asyncio.Event] = {}

    def __contains__(self, partition: int) -> bool:
        return partition in self._under_way

    def begin(self, partitions: Collection[int]) -> None:
        """Exactly these partitions are read again from now on."""
        before, self._under_way = self._under_way, {partition: asyncio.Event() for partition in partitions}
        for ended in before.values():
            ended.set()

    def end(self, partition: int) -> None:
        """The partition is read to its end, and what was deleted is known."""
        if (ended := self._under_way.pop(partition, None)) is not None:
            ended.set()

    async def until_ended(self, partition: int) -> None:
        """Wait until the partition is not read again any more."""
        while (ended := self._under_way.get(partition)) is not None:
            await ended.wait()
