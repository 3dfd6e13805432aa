"""The end of publishing a vendor's event: its offset is known, and the event is pending."""

from processors.events.event_publisher import DeliveryFuture
from processors.state.pending_events import PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from schemas.records.vendor_key import VendorKey


async def noted(
    delivery: DeliveryFuture,
    partition: int,
    key: VendorKey,
    *,
    rows: Rows,
    pending_events: PendingEvents,
    run_id: str | None = None,
) -> int:
    """Wait until the brokers have the event of this vendor, and note it as pending unless the vendor's row answers it already.

    Returns:
        The event's offset.
    """
    offset = (await delivery).offset
    answered = rows.answered_through(partition, key)
    pending_events.note(partition, key, PendingEvent(offset, run_id), answered_through=answered)
    return offset
