"""Releases partitions: some in a rebalance, and all when the worker ends."""

import asyncio
from typing import Final

from faust.types import TP

from processors.app import consumer_of
from processors.bounded_wait import Ending
from processors.events.async_producer import AsyncProducer
from processors.runtime.wiring import WorkerGraph
from schemas.topics import VENDOR_SYNC

SETTLING_SECONDS: Final = 0.8
"""The time for records in flight to Kafka once no call is under way, when the worker ends."""
COMMITTED_BY: Final = 0.6
LEFT_BY: Final = 1.2
CLOSED_BY: Final = 1.5
"""Seconds after the last work has ended; with those above a worker ends within 3 s when no call is under way."""


class Leaving:
    """Lets in-flight tasks end before another worker gets their partitions. ``seconds`` is the limit of calls."""

    def __init__(self, parts: WorkerGraph, producer: AsyncProducer, ending: Ending, *, seconds: float) -> None:
        self._app = parts.app
        self._syncing = parts.syncing
        self._producer = producer
        self._ending = ending
        self._seconds = seconds
        self._for_good = False
        self._nothing_under_way = asyncio.Event()

    async def let_go(self, revoked: set[TP]) -> None:
        """Start no more tasks in partitions that are revoked, and let those under way end."""
        # A rebalance waits longer for records in flight: a late one could replace a record of the next owner.
        settling = SETTLING_SECONDS if self._for_good else self._seconds
        await self._syncing.let_go({tp.partition for tp in revoked}, seconds=self._seconds, settling=settling)
        if self._for_good:
            self._nothing_under_way.set()

    def own(self, assigned: set[TP], generation: int) -> None:
        """Note the partitions that this generation of the group assigns to this worker."""
        self._syncing.in_flight.open({tp.partition for tp in assigned})
        vendors = {tp.partition for tp in assigned if tp.topic == VENDOR_SYNC.name}
        self._syncing.ownership.assigned(vendors, generation)

    async def leave(self) -> None:
        """Let all tasks end, commit finished records, and leave the group, which then reassigns the partitions at once."""
        self._for_good = True
        if self._app.consumer.started:
            handing_over = asyncio.create_task(consumer_of(self._app).hand_over())
            nothing_under_way = asyncio.create_task(self._nothing_under_way.wait())
            await asyncio.wait({handing_over, nothing_under_way}, return_when=asyncio.FIRST_COMPLETED)
            nothing_under_way.cancel()
            await asyncio.gather(
                self._ending.step(COMMITTED_BY, "Committing what is finished", handing_over),
                self._ending.step(COMMITTED_BY, "Sending the last records", self._producer.flush(COMMITTED_BY)),
            )
            self._producer.drop()
        await self._ending.step(LEFT_BY, "Leaving the group", self._app.stop())
