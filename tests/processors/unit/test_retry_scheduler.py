"""Due vendors are queued again, on rows in memory."""

from datetime import timedelta

import pytest

from processors.state.pending_events import PendingEvents
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.requeue import Requeue
from processors.vendor_sync.retry_scheduler import RetryScheduler
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import VENDOR_SYNC
from tests.support.eventually import eventually_async
from tests.support.in_memory import MemoryConsumer, MemoryProducer, crashed, gate_of, publisher_of, rows_of
from tests.support.messages import NOW

DUE = VendorKey("acme", "due")
LATER = VendorKey("acme", "later")


@pytest.fixture
def producer() -> MemoryProducer:
    return MemoryProducer()


@pytest.fixture
def consumer() -> MemoryConsumer:
    return MemoryConsumer()


@pytest.fixture
async def scheduler(producer: MemoryProducer, consumer: MemoryConsumer) -> RetryScheduler:
    """One vendor is due at NOW, another a minute later."""
    rows, in_flight = rows_of(producer), PartitionTasks(on_crash=crashed)
    await rows.put(0, DUE, VendorRow(next_attempt_at=NOW, attempts=3))
    await rows.put(2, LATER, VendorRow(next_attempt_at=NOW + timedelta(minutes=1)))
    requeue = Requeue(
        rows=rows,
        publisher=publisher_of(producer),
        pending_events=PendingEvents(),
        in_flight=in_flight,
        now=lambda: NOW,
    )
    return RetryScheduler(rows=rows, requeue=requeue, in_flight=in_flight, gate=gate_of(consumer), now=lambda: NOW)


async def test_a_due_vendor_is_queued_once_in_lane_bulk_with_its_attempt(
    scheduler: RetryScheduler, producer: MemoryProducer
) -> None:
    scheduler.queue_due()
    scheduler.queue_due()
    await eventually_async(lambda: scheduler.requeue.is_pending(0, DUE))
    (event,) = producer.values(VENDOR_SYNC, VendorSync)
    assert (event.key, event.lane, event.cause, event.attempt) == (DUE, Lane.BULK, Cause.RETRY, 4)
    assert not scheduler.requeue.is_pending(2, LATER)


async def test_nothing_is_queued_while_the_rows_are_not_recovered(
    scheduler: RetryScheduler, producer: MemoryProducer, consumer: MemoryConsumer
) -> None:
    consumer.reading = False
    scheduler.queue_due()
    consumer.reading = True
    scheduler.queue_due()
    await eventually_async(lambda: scheduler.requeue.is_pending(0, DUE))
    assert len(producer.values(VENDOR_SYNC, VendorSync)) == 1
