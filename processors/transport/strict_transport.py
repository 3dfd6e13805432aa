"""A Faust transport that loses nothing.

Faust 0.15.3 loses records when partitions move (docs/traps.md). Its transport is an extension point; this one guarantees:

1. a committed offset is never past an unfinished record;
2. a hole in the offsets read is believed when the fetcher found no record there, or when the broker shows it twice; until then
   it is sought back to;
3. a partition without a committed offset, or with one that ``positions`` doubts, starts from the earliest offset at every
   assignment;
4. an error in table recovery stops the worker instead of leaving an empty table (``processors.state.vendor_table``);
5. topics and partitions take turns, so that a record does not wait behind the backlog of another partition.

Records are finished by ``StrictConsumer.finish(tp, offset)``, in any order. Before a partition goes, ``before_revocation`` is
awaited and what is finished by then is committed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, cast

from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.locks import Event

from messaging.missed_deletions import PositionDoubt
from processors.transport.ledger_consumer import LedgerConsumer
from processors.transport.offset_ledger import Reading

RESUME_SECONDS: Final = 1.0
"""How long the fetching task waits for a partition to be resumed before it checks whether it should stop."""

RevocationHook = Callable[[set[TP]], Awaitable[None]]
AssignmentHook = Callable[[set[TP], int], None]
"""(assigned, the group's generation)"""
ReadAgainHook = Callable[[Mapping[TP, tuple[PositionDoubt, int]]], None]
"""Partitions that are read again from their start: why, and the offset below which every record was handled before."""


class StrictConsumer(LedgerConsumer):
    """A consumer that hands over each record once and in order, and nothing while partitions move."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sought = False
        self._open = False
        self._leaving = False
        self._rebalancing = False
        self._rebalances = 0
        self._resumed = Event()
        self._left_out: set[TP] = set()
        self._fetching: asyncio.Task[Any] | None = None
        self.before_revocation: RevocationHook | None = None
        self.after_assignment: AssignmentHook | None = None
        self.on_read_again: ReadAgainHook = lambda _partitions: None

    @property
    def reading(self) -> bool:
        """Whether records of streams flow: partitions are assigned and their table is whole."""
        return self._open

    @property
    def rebalancing(self) -> bool:
        """Whether partitions were revoked and none are assigned yet. Faust's ``app.rebalancing`` lasts until a recovery ends."""
        return self._rebalancing

    def _read_by_streams(self) -> list[TP]:
        return [
            tp
            for tp in self.assignment()
            if self.app.topics.acks_enabled_for(tp.topic) and not self.app.assignor.is_standby(tp)
        ]

    async def perform_seek(self) -> None:
        """Seek every partition to its committed offset, and to its earliest one where that offset is missing or does not count.

        Raises:
            IllegalStateError: a rebalance began meanwhile; Faust begins another recovery once partitions are assigned.
        """
        if asyncio.current_task() is self._fetching:
            # Faust also seeks when a fetch comes back while the flow is stopped, which holds up the recovery that follows.
            # What is dropped there is read again: every rebalance ends with a seek.
            return
        self._open = self._sought = False
        rebalances = self._rebalances
        self._refuse_during_rebalance(since=rebalances)
        await super().perform_seek()
        mine = self._read_by_streams()
        ends = await self.highwaters(*mine) if mine else {}
        start = {tp: self._read_offset.get(tp) for tp in mine}
        doubts = await self._begin_positions(mine) if mine else {}
        lost = {tp for tp in mine if (at := start[tp]) is None or at > ends.get(tp, at)}
        lost |= {tp for tp, doubt in doubts.items() if doubt is PositionDoubt.OTHER_TOPIC}
        committed = {tp: at for tp, at in start.items() if at is not None and tp not in lost}
        if again := lost | doubts.keys():
            start.update({TP(*tp): offset for tp, offset in (await self.earliest_offsets(*again)).items()})
            self._left_out.update(again)
        self._refuse_during_rebalance(since=rebalances)
        for tp, offset in start.items():
            self._begin_ledger(tp, offset or 0, committed=committed.get(tp))
        self._sought = True
        self.on_read_again({tp: (doubt, committed.get(tp, 0)) for tp, doubt in doubts.items()})

    def _refuse_during_rebalance(self, *, since: int) -> None:
        if self._rebalancing or since != self._rebalances:
            raise IllegalStateError("A rebalance is under way.")

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume fetching from partitions, at once: Faust's fetching task would sleep for a second where all were paused."""
        super().resume_partitions(tps)
        self._resumed.set()

    def resume_flow(self) -> None:
        """Let records flow. Those of streams flow only after a seek.

        Faust resumes a stream's partition, seeks it, and then empties the streams' queues: a record handed over before that
        would be gone, and never be finished.

        A recovery that does not know yet that another rebalance has begun also calls this: nothing may flow then.
        """
        if self._rebalancing or cast("TableManager", self.app.tables).recovery.signal_recovery_start.is_set():
            return
        super().resume_flow()
        self._open = self._sought and not self._leaving

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 -- Faust's signature
        """Records in offset order with none left out; where Faust breaks off a batch, the rest is fetched again."""
        self._fetching = asyncio.current_task()
        if self._open and self._left_out:
            await self._seek_back({tp: self._ledgers[tp].expect() for tp in self._left_out if tp in self._ledgers})
            self._left_out.clear()
        gone_back: set[TP] = set()
        async for tp, message in super().getmany(timeout):
            if not self.app.topics.acks_enabled_for(tp.topic):
                yield tp, message
                continue
            ledger = self._ledgers.get(tp)
            if ledger is None or not self._open:
                self._left_out.add(tp)
                continue
            if tp in gone_back:
                continue
            match ledger.read(message.offset, hole_from=self._thread.fetched.hole_before(tp, message.offset)):
                case Reading.DELIVER:
                    # Faust drops what lies below its own read offset, and books a hole of its own above it.
                    self._read_offset[tp] = message.offset - 1 if message.offset else None
                    self._handed_over[tp] = message.offset
                    yield tp, message
                case Reading.HOLE:
                    gone_back.add(tp)
                    await self._seek_back({tp: ledger.expect()})
                case Reading.ALREADY_READ:
                    continue

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 -- Faust's signature
        if self.flow_active and not self._get_active_partitions():
            self._resumed.clear()
            await self.wait(self._resumed, timeout=RESUME_SECONDS)
            if not self._get_active_partitions():
                return {}, set()
        return await super()._wait_next_records(timeout)

    async def _seek_back(self, offsets: Mapping[TP, int]) -> None:
        try:
            await self.seek_wait(offsets)
        except IllegalStateError as error:
            # The rebalance that took the partition ends with a seek of all partitions that are assigned then.
            self.log.info("A partition was revoked before it could be sought back: %s", error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let in-flight work end and commit what is finished; then Faust may forget the partitions."""
        self._rebalancing = True
        self._rebalances += 1
        await self._conclude(revoked)
        for tp in revoked:
            self._ledgers.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Call ``after_assignment`` before any record of the partitions is read."""
        self._thread.member_at = time.monotonic()
        if self.after_assignment is not None:
            self.after_assignment(assigned, generation_id)
        try:
            await super().on_partitions_assigned(assigned, generation_id)
        finally:
            self._rebalancing = False

    async def hand_over(self) -> None:
        """Before the worker stops: hand out nothing more, let in-flight work end, commit what is finished.

        Nothing is handed out either when the group gives this worker other partitions meanwhile.
        """
        self._leaving = True
        try:
            mine = self.assignment()
        except ConsumerNotStarted:
            return
        await self._conclude(mine)
        self._ledgers.clear()

    async def _conclude(self, tps: set[TP]) -> None:
        self._open = self._sought = False
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        if self.before_revocation is not None:
            await self.before_revocation(tps)
        await self.maybe_wait_for_commit_to_finish()  # what it took up is older than what has ended since
        await self.commit()


class StrictTransport(driver.Transport):
    """Faust's aiokafka transport with the strict consumer."""

    Consumer = StrictConsumer
