"""A paused client is probed and resumed, on rows in memory."""

from dataclasses import dataclass
from typing import cast

import pytest

from accounting.errors import CredentialsRefusedError
from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvents
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.client_pauses import Pauses
from processors.vendor_sync.requeue import Requeue
from processors.work_queue import WorkQueue
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.systems import VANTACA
from schemas.topics import VENDOR_SYNC
from tests.support.eventually import eventually_async
from tests.support.fake_accounting import FakeAccounting
from tests.support.in_memory import (
    MemoryConsumer,
    MemoryIntegrations,
    MemoryProducer,
    crashed,
    gate_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record
from tests.support.tasks import sync_task

ROOF = VendorKey("acme", "roof")
POOL = VendorKey("acme", "pool")
PARTITION = 1


@dataclass
class Scene:
    pauses: Pauses
    queue: WorkQueue
    system: FakeAccounting
    producer: MemoryProducer
    integrations: MemoryIntegrations
    parked: list[VendorKey]

    def queued_again(self) -> list[VendorSync]:
        return self.producer.values(VENDOR_SYNC, VendorSync)


@pytest.fixture
async def scene() -> Scene:
    """A client whose credentials are refused, with one parked vendor and one that waits in the queue."""
    producer, queue, parked = MemoryProducer(), WorkQueue(10, lambda _client_id: 10), list[VendorKey]()
    rows = rows_of(producer)
    record = vendor_record(vendor_id=ROOF.vendor_id, provider_id="17")
    await rows.put(PARTITION, ROOF, VendorRow(record=record, parked=True, attempts=2))
    queue.add(sync_task(POOL, partition=PARTITION))
    in_flight = PartitionTasks(on_crash=crashed)
    publisher = publisher_of(producer)
    system = FakeAccounting({"acme": {"17": "Approved"}})
    system.single_fails = CredentialsRefusedError("Vantaca refuses the credentials.")

    integrations = MemoryIntegrations(integration())

    def park(key: VendorKey) -> None:
        queue.remove(key)
        parked.append(key)

    pauses = Pauses(
        rows=rows,
        queue=queue,
        requeue=Requeue(
            rows=rows, publisher=publisher, pending_events=PendingEvents(), in_flight=in_flight, now=lambda: NOW
        ),
        integrations=cast("Integrations", integrations),
        systems={VANTACA: system},
        in_flight=in_flight,
        gate=gate_of(MemoryConsumer()),
        monotonic=lambda: 0.0,
        park=park,
        dispatch=lambda: None,
    )
    return Scene(pauses, queue, system, producer, integrations, parked)


async def test_a_refused_client_is_paused_and_its_waiting_vendors_are_parked(scene: Scene) -> None:
    await scene.pauses.check()
    assert (scene.pauses.paused, scene.parked) == ({"acme"}, [POOL])
    assert scene.system.single_reads == [("acme", "17")]
    assert scene.queued_again() == []
    scene.queue.add(sync_task(POOL, partition=PARTITION))
    assert scene.queue.take(0.0) is None


async def test_a_client_whose_credentials_are_accepted_again_goes_on(scene: Scene) -> None:
    await scene.pauses.check()
    scene.system.single_fails = None
    await scene.pauses.check()
    assert scene.pauses.paused == set()
    await eventually_async(lambda: len(scene.queued_again()) == 1)
    (event,) = scene.queued_again()
    assert (event.key, event.cause, event.attempt) == (ROOF, Cause.RETRY, 3)
    scene.queue.add(sync_task(POOL, partition=PARTITION))
    assert scene.queue.take(0.0) is not None


async def test_a_vendor_that_is_queued_again_is_not_queued_twice(scene: Scene) -> None:
    scene.system.single_fails = None
    await scene.pauses.check()
    await eventually_async(lambda: scene.pauses.requeue.is_pending(PARTITION, ROOF))
    reads = len(scene.system.single_reads)
    await scene.pauses.check()
    assert (len(scene.queued_again()), len(scene.system.single_reads)) == (1, reads)


async def test_a_client_whose_integration_cannot_be_read_is_paused_without_a_call_and_goes_on_by_itself(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.integrations.put_unreadable("acme")
    for _ in range(3):
        await scene.pauses.check()
    assert (scene.pauses.paused, scene.parked) == ({"acme"}, [POOL])
    assert (scene.system.single_reads, scene.queued_again()) == ([], [])
    assert "Client acme is paused. The integration record of client acme can't be read: It is garbage." in caplog.text
    scene.integrations.put(integration())
    await scene.pauses.check()
    await eventually_async(lambda: [event.key for event in scene.queued_again()] == [ROOF])
    assert (scene.pauses.paused, scene.system.single_reads) == (set(), [])


async def test_a_vendor_that_is_queued_when_the_integration_can_be_read_again_is_not_parked(scene: Scene) -> None:
    scene.integrations.put_unreadable("acme")
    await scene.pauses.check()
    scene.queue.add(sync_task(POOL, partition=PARTITION))
    scene.integrations.put(integration())
    scene.parked.clear()
    await scene.pauses.check()
    assert scene.parked == []
    assert scene.queue.take(0.0) is not None


async def test_vendors_that_wait_for_an_integration_go_on_when_a_tombstone_ends_it(scene: Scene) -> None:
    scene.integrations.put_unreadable("acme")
    await scene.pauses.check()
    scene.integrations.end("acme")
    await scene.pauses.check()
    await eventually_async(lambda: [event.key for event in scene.queued_again()] == [ROOF])
    assert scene.system.single_reads == []
