"""Queues parked and failed vendors again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from processors.events.event_publisher import EventPublisher
from processors.state.pending_events import PendingEvents
from processors.state.published_event import noted
from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks, Phase
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import Cause, VendorSync


@dataclass(frozen=True, kw_only=True)
class Requeue:
    """Publishes ``vendor-sync`` events for vendors whose row demands another attempt."""

    rows: Rows
    publisher: EventPublisher
    pending_events: PendingEvents
    in_flight: PartitionTasks
    now: Callable[[], datetime]

    def is_pending(self, partition: int, key: VendorKey) -> bool:
        """Whether an event of this vendor is not answered yet, so that it is in the queue or on its way there."""
        return self.pending_events.of(partition, key) is not None

    async def again(self, partition: int, key: VendorKey) -> None:
        """Queue this vendor for another attempt in lane ``bulk``; return when the brokers have the event."""
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
        delivery = self.publisher.vendor_sync(event, partition=partition)
        await noted(delivery, partition, key, rows=self.rows, pending_events=self.pending_events)
