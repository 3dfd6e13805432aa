"""Queues vendors again when their retry time has come, also after a restart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.requeue import Requeue

POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class RetryScheduler:
    """Looks for due rows while the worker reads, for then the rows are complete. A row stays due until an outcome changes it."""

    rows: Rows
    requeue: Requeue
    in_flight: PartitionTasks
    gate: PartitionGate
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Queue due vendors once a second, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.queue_due()

    def queue_due(self) -> None:
        """Queue the vendors whose retry time has come."""
        if self.gate.reading:
            for partition, key in self.rows.take_due(self.now().timestamp()):
                self.in_flight.start(partition, self.requeue.again(partition, key))
