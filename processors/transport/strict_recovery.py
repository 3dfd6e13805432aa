"""Faust's table recovery, changed to begin again where Faust's own ends silently."""

import asyncio
from typing import Any, Final, Protocol, cast, runtime_checkable

from aiokafka.errors import IllegalStateError, KafkaError
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from processors.transport.ledger_consumer import LedgerConsumer
from processors.transport.member_consumer import MemberConsumer, MembershipLostError

TAIL_LOOK_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 0.5
"""Pause before a recovery begins again, so that an error which comes at once does not make a busy loop."""


@runtime_checkable
class FencedTable(Protocol):
    """A table whose rows name the generation of the group in which they were written."""

    def is_ahead_of(self, generation: int) -> bool:
        """Whether rows of a later generation of the group have been read."""


class StrictRecovery(Recovery):
    """A recovery of which a step may fail or take too long.

    Each step asks the brokers something, for at most the app's ``broker_request_timeout``. Faust takes a step that runs out of
    time for a stopped service and ends the recovery task: the partitions that are assigned then, and later ones, are never
    recovered. Here the recovery begins again, with the partitions that are assigned by then.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reported: dict[TP, int] = {}
        """Partitions of which an open transaction was logged, with its first offset."""

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109 -- Faust's signature
        try:
            await super()._wait(coro, timeout)
        except IllegalStateError:
            raise  # Faust takes it for another rebalance, which begins the next recovery
        except (ServiceStopped, KafkaError, TimeoutError) as error:
            if self.should_stop or self.app.should_stop:
                raise
            failure = "took too long" if isinstance(error, ServiceStopped | TimeoutError) else f"failed ({error})"
            self.log.warning("A step of the table's recovery %s. The recovery begins again.", failure)
            await asyncio.sleep(PAUSE_SECONDS)
            self.signal_recovery_start.set()
            raise RebalanceAgain from error

    @Service.task
    async def _pass_tails(self) -> None:
        """End a recovery at changelogs whose last offsets hold no row: markers, or rows of aborted transactions.

        Faust waits for a row at the last offset. One never comes there; only the consumer's position passes it.
        """
        while not self.should_stop:
            await self.sleep(TAIL_LOOK_SECONDS)
            behind = {tp for tp, rows in self.active_remaining().items() if rows > 0} if self.in_recovery else set()
            passed = [tp for tp in behind if await self._is_passed(tp)]
            if passed and self.in_recovery and not self.need_recovery():
                self.flush_buffers()
                self._set_recovery_ended()
                self.signal_recovery_end.set()

    async def _is_passed(self, tp: TP) -> bool:
        """Whether no row of the changelog is left to read; it then counts as recovered."""
        passed = await cast("LedgerConsumer", self.app.consumer).passed(tp)
        if passed is None:
            return False
        last = self.active_highwaters[tp]
        if passed.position <= last:
            if passed.position == passed.open_from and self._reported.get(tp) != passed.open_from:
                self._reported[tp] = passed.open_from
                self.log.warning(
                    "Partition %d of %s has an open transaction at offset %d. The rows behind it can't be read before it ends, "
                    "so the worker waits. Only workers may write this topic: stop the producer that began the transaction.",
                    tp.partition,
                    tp.topic,
                    passed.open_from,
                )
            return False
        if passed.records_to > self.active_offsets[tp] + 1:
            return False
        self.active_offsets[tp] = last
        return True

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Complete the recovery, unless the next one is due.

        Rows of a later generation of the group than this one are explained by a group that was deleted in between, or by a
        membership that is lost already: only a member goes on.

        Raises:
            RebalanceAgain: it is. Faust would check, and let records flow over, rows that are not whole.
        """
        if self.signal_recovery_start.is_set():
            raise RebalanceAgain
        if any(table.is_ahead_of(generation_id) for table in self.tables.values() if isinstance(table, FencedTable)):
            try:
                await cast("MemberConsumer", self.app.consumer).ensure_group_membership()
            except MembershipLostError as error:
                raise RebalanceAgain from error
        await super().on_recovery_completed(generation_id)


class StrictTableManager(TableManager):
    """Faust's table manager with the strict recovery."""

    @property
    def recovery(self) -> Recovery:
        """The recovery service of all tables."""
        if self._recovery is None:
            self._recovery = StrictRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
