"""Detects that a consumer without a group has stopped reading though Kafka answers, and ends the worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from faust.types import TP

from messaging.unread_partitions import Behind, behind, stuck
from processors.seconds_seen import SecondsSeen
from processors.stalled import StalledError
from processors.transport.topic_ends import TopicEnds

LOOKS: Final = 12
"""Looks within one stall timeout."""
LONGEST_LOOK: Final = 15.0
"""The longest look in seconds: a request for the topic's ends, and another one with a new client."""


@dataclass(frozen=True, kw_only=True)
class ReadingWatch:
    """Compares a consumer's positions with the ends of its partitions, which another client asks for.

    ``read_to`` returns the positions, -1 for an unknown one; ``stall_timeout`` is in seconds. Time in which the brokers do
    not return the ends does not count.
    """

    read_to: Callable[[], Awaitable[Mapping[TP, int]]]
    ends: TopicEnds
    stall_timeout: float
    monotonic: Callable[[], float]

    async def run(self) -> NoReturn:
        """Look until cancelled.

        Raises:
            StalledError: the consumer read nothing of a longer partition for the stall timeout.
        """
        interval = self.stall_timeout / LOOKS
        seconds = SecondsSeen(self.monotonic, longest=interval + LONGEST_LOOK)
        before: Mapping[TP, Behind] = {}
        while True:
            await asyncio.sleep(interval)
            read_to = await self.read_to()
            ends = await self.ends.ends(read_to.keys())
            at = seconds.now()
            before = {} if ends is None else behind(before, read_to, ends, at=at)
            unread = stuck(before, at=at, stall_timeout=self.stall_timeout)
            if unread:
                where = ", ".join(f"{tp.topic} {tp.partition} at {before[tp].read_to}" for tp in unread)
                raise StalledError(
                    f"There are records that were not read for {self.stall_timeout:g} s: {where}. "
                    "The worker ends so that it can be started anew."
                )
