"""The access of the stages to the consumer of the worker's partitions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from faust.types import TP

from processors.positions.read_again import ReadAgain


class GatedConsumer(Protocol):
    """The part of ``StrictConsumer`` that the stages use."""

    @property
    def reading(self) -> bool:
        """As ``StrictConsumer.reading``."""
        ...

    def finish(self, tp: TP, offset: int) -> None:
        """As ``StrictConsumer.finish``."""
        ...

    async def read_to(self, tp: TP, end: int) -> None:
        """As ``StrictConsumer.read_to``."""
        ...

    async def ensure_group_membership(self) -> None:
        """Wait until it is certain that the worker is still a member of its group, so its partitions are its own.

        Raises:
            MembershipLostError: the group has removed this worker.
        """
        ...


class PartitionEnds(Protocol):
    """The part of ``TopicEnds`` that the stages use."""

    async def end(self, tp: TP) -> int:
        """As ``TopicEnds.end``."""
        ...


@dataclass(frozen=True, kw_only=True)
class PartitionGate:
    """Acknowledges records, and waits for the state of the worker's partitions that a stage needs.

    ``consumer`` returns the Faust app's consumer, which exists only once the app has started.
    """

    consumer: Callable[[], GatedConsumer]
    ends: PartitionEnds
    read_again: ReadAgain = field(default_factory=ReadAgain)

    @property
    def reading(self) -> bool:
        """Whether the worker reads records: partitions are assigned and their rows are recovered."""
        return self.consumer().reading

    def finish(self, tp: TP, offset: int) -> None:
        """Acknowledge a record: its effects are persisted, and its offset may be committed after all before it."""
        self.consumer().finish(tp, offset)

    async def finish_after(self, deliveries: Iterable[Awaitable[object]], tp: TP, *offsets: int) -> None:
        """Acknowledge records of a partition once all these deliveries are confirmed."""
        await asyncio.gather(*deliveries)
        for offset in offsets:
            self.finish(tp, offset)

    async def read_to_end(self, tp: TP) -> None:
        """Wait until the agents have taken in every record that the partition holds at this moment.

        Wait also until nothing of this partition number is read again from its start.
        """
        await self.consumer().read_to(tp, await self.ends.end(tp))
        await self.read_again.until_ended(tp.partition)

    async def ensure_group_membership(self) -> None:
        """Wait until it is certain that the worker is still a member of its group, so its partitions are its own.

        Raises:
            MembershipLostError: the group has removed this worker.
        """
        await self.consumer().ensure_group_membership()
