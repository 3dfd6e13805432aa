"""Changes of a client that could not be synced are queued when it can be, on rows and topics in memory."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest
from faust.types import TP

from processors.state.integration_cache import Integrations
from processors.state.pending_events import PendingEvent, PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_records import postponed_changes
from processors.vendor_records.postponed_changes import PostponedChanges, postponed
from schemas.records.integration import Integration
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import RecordTrouble, VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import VENDOR_SYNC
from tests.support.eventually import eventually_async
from tests.support.in_memory import (
    TOPIC_ID,
    MemoryConsumer,
    MemoryIntegrations,
    MemoryProducer,
    crashed,
    gate_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record

PARTITION = 1


class HeldConsumer(MemoryConsumer):
    """Reads to an end once ``may_read`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def read_to(self, tp: TP, end: int) -> None:
        await super().read_to(tp, end)
        await self.may_read.wait()


@dataclass
class Scene:
    changes: PostponedChanges
    rows: Rows
    integrations: MemoryIntegrations
    in_flight: PartitionTasks
    producer: MemoryProducer
    consumer: HeldConsumer

    async def put(
        self, vendor_id: str, *, partition: int = PARTITION, row: dict[str, Any] | None = None, **record: Any
    ) -> None:
        kept = vendor_record(vendor_id=vendor_id, **record)
        await self.rows.put(partition, kept.key, VendorRow(record=kept, **(row or {})))

    def integration_is(self, now: Integration) -> None:
        self.integrations.put(now)
        self.changes.integration_changed("acme")

    async def look(self) -> list[str]:
        """The vendors of all events that were published so far, once a look is over."""
        self.changes.look()
        await eventually_async(
            lambda: all(each.task is None or each.task.done() for each in self.changes.partitions.values())
        )
        return [event.vendor_id for event in self.events()]

    def events(self) -> list[VendorSync]:
        return self.producer.values(VENDOR_SYNC, VendorSync)


@pytest.fixture
def scene() -> Scene:
    producer, consumer, in_flight = MemoryProducer(), HeldConsumer(), PartitionTasks(on_crash=crashed)
    rows, integrations = rows_of(producer), MemoryIntegrations()
    changes = PostponedChanges(
        rows=rows,
        publisher=publisher_of(producer),
        integrations=cast("Integrations", integrations),
        pending_events=PendingEvents(),
        in_flight=in_flight,
        gate=gate_of(consumer),
        now=lambda: NOW,
    )
    return Scene(changes, rows, integrations, in_flight, producer, consumer)


async def test_changes_that_came_before_the_integration_are_queued_in_lane_live_once(scene: Scene) -> None:
    await scene.put("v1")
    await scene.put("v2", partition=2, row={"status": Status.SKIPPED})
    assert await scene.look() == []
    scene.integration_is(integration())
    assert sorted(await scene.look()) == ["v1", "v2"]
    assert {(event.lane, event.cause) for event in scene.events()} == {(Lane.LIVE, Cause.VENDOR_CHANGED)}
    assert {sent.partition for sent in scene.producer.sent if sent.topic == VENDOR_SYNC.name} == {1, 2}
    scene.integration_is(integration(max_in_flight=3))
    assert len(await scene.look()) == 2


async def test_a_vendor_whose_newest_record_cannot_be_used_is_queued_too(scene: Scene) -> None:
    trouble = RecordTrouble(code="invalid", reason="It is not valid.", partition=PARTITION, offset=3, at=NOW)
    await scene.put("v1", row={"trouble": trouble}, origin="snapshot")
    scene.integration_is(integration())
    assert await scene.look() == ["v1"]


async def test_what_is_no_postponed_change_is_left(scene: Scene) -> None:
    await scene.put("snapshot", origin="snapshot")
    await scene.put("unlinked", provider_id=None)
    await scene.put("updated", row={"status": Status.UPDATED})
    await scene.put("parked", row={"status": Status.PARKED, "parked": True})
    await scene.put("pending")
    scene.changes.pending_events.note(
        PARTITION, VendorKey("acme", "pending"), PendingEvent(7, None), answered_through=-1
    )
    scene.integration_is(integration())
    assert await scene.look() == []
    assert [tp.topic for tp, _end in scene.consumer.read] == [VENDOR_SYNC.name], "before the events are compared"


@pytest.mark.parametrize("before", [None, integration(mode="one_way"), integration(ended_at=NOW)])
async def test_they_are_queued_when_a_client_becomes_eligible(scene: Scene, before: Integration | None) -> None:
    if before is not None:
        scene.integration_is(before)
    await scene.put("v1")
    assert await scene.look() == []
    scene.integration_is(integration())
    assert await scene.look() == ["v1"]


async def test_a_client_that_was_not_eligible_for_a_moment_is_looked_at_again(scene: Scene) -> None:
    scene.integration_is(integration())
    await scene.look()
    scene.integration_is(integration(mode="one_way"))
    await scene.put("v1")
    scene.integration_is(integration())
    assert await scene.look() == ["v1"]


async def test_a_worker_that_is_given_the_partition_later_queues_them(scene: Scene) -> None:
    scene.integration_is(integration())
    await scene.put("v1")
    await scene.put("v2", row={"status": Status.UPDATED, "through_offset": 4, "topic_id": TOPIC_ID})
    assert await scene.look() == ["v1"]


async def test_a_look_that_a_drain_cut_is_repeated(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postponed_changes, "EVENTS_AT_ONCE", 2)
    for number in range(5):
        await scene.put(f"v{number}")
    scene.integration_is(integration())
    scene.consumer.may_read.clear()
    scene.changes.look()
    await eventually_async(lambda: len(scene.consumer.read) == 1)
    await scene.in_flight.drain({PARTITION}, seconds=0.0, settling=0.0)
    assert scene.events() == []
    scene.consumer.may_read.set()
    scene.in_flight.open({PARTITION})
    assert sorted(await scene.look()) == [f"v{number}" for number in range(5)]


def test_a_row_that_was_answered_is_marked_when_a_change_is_postponed() -> None:
    record = vendor_record()
    marked = postponed(VendorRow(record=record, status=Status.UPDATED, settled_fingerprint="as it was"))
    assert marked == VendorRow(record=record, status=Status.SKIPPED, settled_fingerprint="as it was")
    for row in (
        None,
        VendorRow(record=record),
        VendorRow(record=record, status=Status.SKIPPED),
        VendorRow(record=record, status=Status.PARKED, parked=True),
        VendorRow(record=record, status=Status.FAILED, next_attempt_at=NOW),
    ):
        assert postponed(row) is None
