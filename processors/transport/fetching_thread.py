"""The part of the consumer's thread that fetches records, for the strict transport."""

import asyncio
import copy
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.consumer.fetcher import READ_UNCOMMITTED, FetchResult
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from messaging.isolation import READ_COMMITTED
from processors.transport.fetched_offsets import FetchedOffsets, Passed

FETCH_WAIT_MS: Final = 100
BATCH_RECORDS: Final = 200
"""The most records that one fetch takes first, and then of all other partitions together."""


class FetchingThread(driver.AIOKafkaConsumerThread):
    """Fetches committed records of all partitions in turn, and keeps which offsets hold no record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fetched = FetchedOffsets()
        self._fetched_of: object = None
        """aiokafka's assignment to which ``fetched`` belongs."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust asks the brokers to hold a fetch for 1.5 s, and a partition whose records are being handed over is not part of
        # the fetch that is held meanwhile: its next record would wait so long.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 -- aiokafka is pinned, Faust has no setting for it
        consumer._isolation_level = READ_COMMITTED  # noqa: SLF001 -- Faust sets it only where it produces transactions itself
        return consumer

    async def on_start(self) -> None:
        """Start the consumer."""
        await super().on_start()
        self._follow_seeks()

    def _follow_seeks(self) -> None:
        fetcher = self._ensure_consumer()._fetcher  # noqa: SLF001 -- every seek of aiokafka's consumer ends in it
        seek_to = fetcher.seek_to

        def noted(tp: Any, offset: int) -> None:
            seek_to(tp, offset)
            self._of_assignment().sought(TP(*tp), offset)

        fetcher.seek_to = noted

    def _of_assignment(self) -> FetchedOffsets:
        """What was fetched in the present assignment of partitions. Only for this thread."""
        assignment = self._assignment()
        if assignment is not self._fetched_of:
            self.fetched.forget()
            self._fetched_of = assignment
        return self.fetched

    def fetch_position(self, tp: TP) -> int:
        """The offset of the next fetch, -1 while it is unknown.

        It is read in place: a request to the thread waits for the fetch under way.
        """
        state = self._state(tp)
        return -1 if state is None else int(state.position)

    def known_end(self, tp: TP) -> int | None:
        """The last stable offset of the partition at its last fetch; None before the first one."""
        state = self._state(tp)
        return None if state is None else state.lso

    def _state(self, tp: TP) -> Any:
        """Aiokafka's state of a partition that is assigned and has a position; None otherwise."""
        assignment = self._assignment()
        if assignment is None or tp not in assignment.tps:
            return None
        state = assignment.state_value(driver.ensure_aiokafka_TP(tp))
        return state if state is not None and state.has_valid_position else None

    def _assignment(self) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription  # noqa: SLF001 -- aiokafka is pinned
        return None if subscription is None else subscription.assignment

    async def passed(self, tp: TP) -> Passed | None:
        """How far the partition is read; None when that is unknown.

        aiokafka moves a position and then returns the records before it. Both happen in one step of this thread's loop, so
        only this thread sees the two numbers of the same moment.
        """

        async def in_thread() -> Passed | None:
            records_to, state = self._of_assignment().records_to(tp), self._state(tp)
            if records_to is None or state is None:
                return None
            is_open = state.lso is not None and state.lso < state.highwater
            return Passed(records_to, state.position, state.lso if is_open else None)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(in_thread(), self.thread_loop))

    async def _highwaters(self, partitions: Any) -> Mapping[TP, int]:
        """The ends of the partitions, open transactions included.

        Faust compares them with offsets that are committed or recovered already. A changelog is recovered to this end: rows
        behind an open transaction are read when it ends, and a table without them would not be whole.
        """
        consumer = self._ensure_consumer()
        fetcher = copy.copy(consumer._fetcher)  # noqa: SLF001 -- it shares the client, and sends this one request
        fetcher._isolation_level = READ_UNCOMMITTED  # noqa: SLF001
        ends: Mapping[TP, int] = await fetcher.end_offsets(partitions, consumer._request_timeout_ms)  # noqa: SLF001
        return ends

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 -- Faust's signature
        max_records: int | None = None,  # noqa: ARG002 -- Faust's signature
    ) -> Mapping[TP, list[Any]]:
        """Fetch some records of each partition, and seek back at once to records that Faust would drop.

        Faust asks for everything that aiokafka has buffered, up to 1 MiB of each partition, and fetches again once it has
        handed all of it over. A record that arrives meanwhile in another partition would wait behind all of that.

        A fetch may be under way while partitions move. ``active_partitions`` is Faust's own set: it is empty then, which
        aiokafka takes for "all partitions". Faust drops records that arrive while the flow is stopped or their partition is
        paused, and changelog records that recovery has just sought would never be fetched again.
        """
        buffered = consumer._fetcher._records  # noqa: SLF001 -- aiokafka is pinned
        fetched = await self._fetch(consumer, active_partitions, timeout=timeout, max_records=BATCH_RECORDS)
        if not fetched:
            return {}
        # aiokafka gives no partition its turn before it has emptied those that it buffered earlier.
        left = [tp for tp, found in buffered.items() if tp not in fetched and isinstance(found, FetchResult)]
        waiting = active_partitions.intersection(left)
        for tp in waiting:
            fetched |= await self._fetch(consumer, {tp}, max_records=max(1, BATCH_RECORDS // len(waiting)))
        taken: set[TP] = active_partitions | self.consumer._buffered_partitions  # noqa: SLF001 -- what Faust's getmany takes
        kept = {tp: records for tp, records in fetched.items() if self.consumer.flow_active and tp in taken}
        for tp in fetched.keys() - kept.keys():
            consumer.seek(tp, self.fetched.hole_before(TP(*tp), fetched[tp][0].offset))
        return kept

    async def _fetch(self, consumer: Any, tps: set[TP], **limits: Any) -> dict[TP, list[Any]]:
        found = dict(await super()._fetch_records(consumer, tps, **limits))
        offsets = self._of_assignment()
        for tp, records in found.items():
            offsets.fetched(TP(*tp), (record.offset for record in records))
        return found
