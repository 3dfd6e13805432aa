"""A Faust consumer that acknowledges and commits by an offset ledger for each partition."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from messaging.missed_deletions import PositionDoubt
from processors.positions.committed_positions import CommittedPositions
from processors.transport.fetched_offsets import Passed
from processors.transport.member_consumer import MemberConsumer
from processors.transport.offset_ledger import OffsetLedger, Standing

READ_TO_SECONDS: Final = 0.01


class LedgerConsumer(MemberConsumer):
    """Keeps how far each partition is: read, handed over, taken in by its agent, finished and committed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ledgers: dict[TP, OffsetLedger] = {}
        self._handed_over: dict[TP, int] = {}
        self._taken: dict[TP, int] = {}
        self.positions = CommittedPositions()

    def standing(self) -> Mapping[TP, Standing]:
        """How far each partition that streams read is."""
        return {tp: ledger.standing(read_to=self._thread.fetch_position(tp)) for tp, ledger in self._ledgers.items()}

    def finish(self, tp: TP, offset: int) -> None:
        """The record's effects are safe; its offset may be committed once all before it are finished too."""
        ledger = self._ledgers.get(tp)
        if ledger is not None:
            ledger.finish(offset)

    def taken(self, tp: TP, offset: int) -> None:
        """The stream's agent has accepted this record; its work may still be under way."""
        self._taken[tp] = offset

    def ack(self, message: Any) -> bool:
        """Finish a record, as Faust does it."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        self.finish(message.tp, message.offset)
        return True

    def _begin_ledger(self, tp: TP, offset: int, *, committed: int | None = None) -> None:
        self._ledgers[tp] = OffsetLedger(offset, committed=committed)
        self._handed_over.pop(tp, None)
        self._taken.pop(tp, None)

    async def maybe_wait_for_commit_to_finish(self) -> bool:
        """Wait for a commit that is under way, and return whether there was one.

        Faust's own method cancels that commit when it is cancelled itself, goes on, and lets its caller commit once more.
        """
        under_way = self._commit_fut
        if under_way is None:
            return False
        await asyncio.wait({under_way})
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: only the ledger records holes."""

    def _filter_tps_with_pending_acks(self, topics: Iterable[Any] | None = None) -> Iterator[TP]:
        return (tp for tp in self._ledgers if topics is None or tp in topics or tp.topic in topics)

    async def _begin_positions(self, tps: Collection[TP]) -> Mapping[TP, PositionDoubt]:
        """Take in what the commits of these partitions carry, and return those that are to be read again."""
        found = await self._thread.committed_metadata(tps)
        return self.positions.begin({tp: found.get(tp) for tp in tps})

    async def _commit_tps(self, tps: Iterable[TP], start_new_transaction: bool) -> bool:  # noqa: FBT001 -- Faust's signature
        for tp, ledger in list(self._ledgers.items()):
            end, time = self._thread.known_end(tp), self.positions.of(tp)
            if end is not None and time is not None:
                finished_to = end if await self._is_finished(tp, ledger, end) else ledger.finished_to
                time.look(self.positions.now(), end=end, finished_to=finished_to)
        committed: bool = await super()._commit_tps(tps, start_new_transaction)
        return committed

    def _new_offset(self, tp: TP) -> int | None:
        ledger = self._ledgers.get(tp)
        if ledger is None:
            return None
        offset, time = ledger.committable(), self.positions.of(tp)
        return ledger.committed_to if offset is None and time is not None and time.is_due() else offset

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        metadata = {tp: self.positions.metadata(tp) for tp in offsets}
        committed: bool = await self._thread.commit(
            {tp: OffsetAndMetadata(offset, metadata[tp]) for tp, offset in offsets.items()}
        )
        if committed:
            for tp, text in metadata.items():
                self.positions.stored(tp, text)
        return committed

    def _should_commit(self, _tp: TP, _offset: int) -> bool:
        return True

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 -- Faust's signature
        committed: bool = await super()._commit_offsets(offsets, start_new_transaction)
        if committed:
            for tp, offset in offsets.items():
                ledger = self._ledgers.get(tp)
                if ledger is not None:
                    ledger.committed(offset)
        return committed

    async def read_to(self, tp: TP, end: int) -> None:
        """Wait until all records of the partition below ``end`` have been taken in by its agent.

        Ends too when the partition is revoked meanwhile.
        """
        while (ledger := self._ledgers.get(tp)) is not None:
            read = ledger.expect() >= end or await self._has_passed(tp, ledger, end)
            if read and self._taken.get(tp, -1) >= self._handed_over.get(tp, -1):
                return
            await asyncio.sleep(READ_TO_SECONDS)

    async def passed(self, tp: TP) -> Passed | None:
        """How far the partition is read, also where its last offsets hold no record; None when that is unknown."""
        return await self._thread.passed(tp)

    async def _is_finished(self, tp: TP, ledger: OffsetLedger, end: int) -> bool:
        """Whether no record before ``end`` is unread or unfinished."""
        if ledger.finished_to >= end:
            return True
        return not ledger.unfinished and await self._has_passed(tp, ledger, end)

    async def _has_passed(self, tp: TP, ledger: OffsetLedger, end: int) -> bool:
        """Whether no record is left before ``end``: only the position passes markers, and what was aborted or compacted."""
        if self._thread.fetch_position(tp) < end:
            return False
        passed = await self.passed(tp)
        return passed is not None and passed.position >= end and passed.records_to <= ledger.expect()
