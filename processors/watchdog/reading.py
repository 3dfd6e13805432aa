"""Notices that a consumer without a group does not read on though Kafka answers, and ends the worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from faust.types import TP

from messaging.unread_partitions import Behind, behind, stuck
from processors.stalled import StalledError
from processors.transport.topic_ends import TopicEnds
from processors.watchdog.seconds_seen import SecondsSeen

LOOKS: Final = 12
"""How often to look within one patience."""
LONGEST_LOOK: Final = 15.0
"""What a look takes at most, in seconds: asking where the topic ends, and asking again with a new client."""


@dataclass(frozen=True, kw_only=True)
class ReadingWatch:
    """Compares how far a consumer has read with where its partitions end, which is asked on another client.

    ``read_to`` says how far, -1 where that is not known; ``patience`` is in seconds. Nothing is held against the consumer
    while the brokers do not say where the partitions end.
    """

    read_to: Callable[[], Awaitable[Mapping[TP, int]]]
    ends: TopicEnds
    patience: float
    monotonic: Callable[[], float]

    async def run(self) -> NoReturn:
        """Look until cancelled.

        Raises:
            StalledError: a partition was not read on for as long as the patience.
        """
        interval = self.patience / LOOKS
        seconds = SecondsSeen(self.monotonic, longest=interval + LONGEST_LOOK)
        before: Mapping[TP, Behind] = {}
        while True:
            await asyncio.sleep(interval)
            read_to = await self.read_to()
            ends = await self.ends.ends(read_to.keys())
            at = seconds.now()
            before = {} if ends is None else behind(before, read_to, ends, at=at)
            unread = stuck(before, at=at, patience=self.patience)
            if unread:
                where = ", ".join(f"{tp.topic} {tp.partition} at {before[tp].read_to}" for tp in unread)
                raise StalledError(
                    f"There are records that were not read for {self.patience:g} s: {where}. "
                    "The worker ends so that it can be started anew."
                )
