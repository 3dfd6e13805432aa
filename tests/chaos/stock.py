"""Faust's own driver with as much of the strict consumer's interface as the worker needs: what it loses is lost."""

import asyncio
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

READ_TIMEOUT = 5.0


class StockConsumer(driver.Consumer):
    """Acknowledges as Faust does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before_revocation: Any = None
        self.after_assignment: Any = None
        self._by_place: dict[tuple[TP, int], Any] = {}

    @property
    def reading(self) -> bool:
        return bool(self.assignment()) and not self.app.in_recovery

    def standing(self) -> dict[TP, Any]:
        return {}

    async def membership(self) -> None:
        """Believe it."""

    def track_message(self, message: Any) -> None:
        self._by_place[message.tp, message.offset] = message
        super().track_message(message)

    def finish(self, tp: TP, offset: int) -> None:
        message = self._by_place.pop((tp, offset), None)
        if message is not None:
            self.ack(message)

    def taken(self, tp: TP, offset: int) -> None:
        """Remember nothing."""

    async def read_to(self, tp: TP, end: int) -> None:
        deadline = asyncio.get_running_loop().time() + READ_TIMEOUT
        while (self._read_offset.get(tp) or -1) < end - 1 and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await self.hand_over(revoked)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.after_assignment(assigned, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)

    async def hand_over(self, tps: set[TP] | None = None) -> None:
        await self.before_revocation(self.assignment() if tps is None else tps)
        await self.commit()


class StockTransport(driver.Transport):
    Consumer = StockConsumer
