"""Ends a worker when the partitions of its topics are raised while it runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from messaging.topic_admin import TopicsError, admin_of, partition_counts
from messaging.topic_differences import raised_while_running
from processors.bounded_wait import in_a_thread
from schemas.topics import MOVED

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 15.0

AskCounts = Callable[[], Awaitable[Mapping[str, int]]]
"""Returns the number of partitions of each topic. Raises TopicsError while Kafka does not answer."""


def counts_of(bootstrap: str) -> AskCounts:
    """A function that asks the brokers for the partitions of the topics of vendors."""
    admin = admin_of(bootstrap)
    return lambda: in_a_thread(partial(partition_counts, admin, MOVED))


class PartitionWatch:
    """Compares the partitions of the topics with those that the worker was started for.

    Kafka's clients take up new partitions by themselves, at different times: producers then place records by another number
    than this worker.
    """

    def __init__(self, ask: AskCounts, *, partitions: int) -> None:
        self._ask = ask
        self._partitions = partitions

    async def run(self) -> None:
        """Check every 15 seconds, until cancelled.

        Raises:
            TopicsError: a topic has another number of partitions.
        """
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Check once; nothing is known while Kafka does not answer.

        Raises:
            TopicsError: a topic has another number of partitions.
        """
        try:
            counts = await self._ask()
        except TopicsError as error:
            log.warning("The partitions of the topics could not be checked and will be: %s", error)
            return
        for name, count in counts.items():
            if count != self._partitions:
                raise TopicsError(raised_while_running(name, count, self._partitions))
