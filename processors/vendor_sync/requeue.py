"""Puts vendors back into the queue that nobody asked for anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from processors.events.event_publisher import EventPublisher
from processors.state.pending_events import PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks, Phase
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import Cause, VendorSync


@dataclass(frozen=True, kw_only=True)
class Requeue:
    """Says ``vendor-sync`` for vendors whose row asks for another attempt."""

    rows: Rows
    publisher: EventPublisher
    in_progress: PendingEvents
    in_flight: PartitionTasks
    now: Callable[[], datetime]

    async def again(self, partition: int, key: VendorKey) -> None:
        """Queue this vendor for another attempt, in lane ``bulk``; done when the brokers have the event."""
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
        self.in_flight.enter(Phase.SETTLING)
        offset = (await self.publisher.vendor_sync(event, partition=partition)).offset
        answered = self.rows.answered_through(partition, key)
        self.in_progress.note(partition, key, PendingEvent(offset, None), answered_through=answered)
