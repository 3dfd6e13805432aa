"""Queues vendors again whose time to be tried again has come, also after a restart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from processors.in_flight import InFlight
from processors.in_progress import InProgress, Pending
from processors.rows import Rows
from processors.voice import Voice
from schemas.sync_run import Lane
from schemas.vendor_key import VendorKey
from schemas.vendor_sync import Cause, VendorSync

LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Retrier:
    """Looks for due rows while ``reading`` says that the rows are whole. A row stays due until an outcome says otherwise."""

    rows: Rows
    voice: Voice
    in_progress: InProgress
    in_flight: InFlight
    reading: Callable[[], bool]
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.reading():
                for partition, key in self.rows.take_due(self.now().timestamp()):
                    self.in_flight.start(partition, self._queue(partition, key))

    async def _queue(self, partition: int, key: VendorKey) -> None:
        row = self.rows.get(partition, key)
        event = VendorSync(
            client_id=key.client_id,
            vendor_id=key.vendor_id,
            lane=Lane.BULK,
            cause=Cause.RETRY,
            attempt=1 if row is None else row.attempts + 1,
            requested_by="VIVE",
            requested_at=self.now(),
        )
        offset = (await self.voice.vendor_sync(event, partition=partition)).offset
        answered = self.rows.answered_through(partition, key)
        self.in_progress.note(partition, key, Pending(offset, None), answered_through=answered)
