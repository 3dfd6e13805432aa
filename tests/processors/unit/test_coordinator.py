"""The coordinator works a task from its event to the acknowledgement, on rows and topics in memory."""

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from faust.types import TP

from accounting.errors import CredentialsRefusedError, UnavailableError
from accounting.port import Applied, BeforeWrite, Plan, at_once
from processors.clock import Clock
from processors.state.pending_events import PendingEvents
from processors.state.vendor_rows import Rows
from processors.transport.partition_ownership import Ownership
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.attempt import Attempts
from processors.vendor_sync.coordinator import VendorSyncing
from processors.vendor_sync.observation_cache import Observations
from processors.vendor_sync.retry_policy import RetryPolicy
from processors.work_queue import KeyState, WorkQueue
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import Integration
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import VendorSync
from schemas.systems import VANTACA
from schemas.topics import DEAD_LETTER, VENDOR_SYNC, VENDOR_SYNC_OUTCOME, VENDOR_TABLE_CHANGELOG
from tests.support.eventually import eventually_async
from tests.support.fake_accounting import FakeAccounting
from tests.support.in_memory import (
    CODEC,
    TOPIC_ID,
    Consumed,
    MemoryConsumer,
    MemoryIntegrations,
    MemoryProducer,
    consumed,
    crashed,
    gate_of,
    integrations_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record

KEY = VendorKey("acme", "v1")
PARTITION = 1
TOPIC_PARTITION = TP(VENDOR_SYNC.name, PARTITION)


@dataclass
class Stage:
    producer: MemoryProducer
    consumer: MemoryConsumer
    rows: Rows
    system: FakeAccounting
    syncing: VendorSyncing

    def outcomes(self) -> list[VendorSyncOutcome]:
        return self.producer.values(VENDOR_SYNC_OUTCOME, VendorSyncOutcome)

    async def finished(self, *offsets: int) -> None:
        expected = [(TOPIC_PARTITION, offset) for offset in offsets]
        await eventually_async(lambda: self.consumer.finished == expected)


@pytest.fixture
async def stage() -> Stage:
    """A linked vendor whose provider differs from VIVE's data."""
    producer, consumer, in_flight = MemoryProducer(), MemoryConsumer(), PartitionTasks(on_crash=crashed)
    gate, publisher, rows = gate_of(consumer), publisher_of(producer), rows_of(producer)
    clock = Clock(now=lambda: NOW, monotonic=lambda: 0.0, jitter=lambda: 0.5)
    await rows.put(PARTITION, KEY, VendorRow(record=vendor_record(status="Approved")))
    producer.sent.clear()
    system = FakeAccounting({"acme": {"17": "Pending"}})
    integrations = integrations_of(integration())
    ownership = Ownership(monotonic=clock.monotonic)
    ownership.assigned({PARTITION}, generation=1)
    syncing = VendorSyncing(
        queue=WorkQueue(10, lambda _client_id: 10),
        rows=rows,
        codec=CODEC,
        publisher=publisher,
        integrations=integrations,
        attempts=Attempts(
            systems={VANTACA: system},
            integrations=integrations,
            observations=Observations(monotonic=clock.monotonic),
            publisher=publisher,
            gate=gate,
            in_flight=in_flight,
            worker_id="w1",
            clock=clock,
            retry=RetryPolicy(),
        ),
        ownership=ownership,
        pending_events=PendingEvents(),
        in_flight=in_flight,
        gate=gate,
        topic_id=TOPIC_ID,
        worker_id="w1",
        concurrency=10,
        clock=clock,
    )
    return Stage(producer, consumer, rows, system, syncing)


def event(offset: int, *, run_id: str | None = None, lane: Lane = Lane.LIVE, key: VendorKey = KEY) -> Consumed:
    message = VendorSync(
        client_id=key.client_id,
        vendor_id=key.vendor_id,
        lane=lane,
        cause="sync_all",
        run_id=run_id,
        requested_by="Dana",
        requested_at=NOW,
    )
    return consumed(VENDOR_SYNC, message, key=key.to_bytes(), partition=PARTITION, offset=offset)


async def test_outcome_row_and_acknowledgement_follow_in_this_order(stage: Stage) -> None:
    stage.syncing.accept(event(4, run_id="run"))
    await stage.finished(4)
    outcome, changelog = VENDOR_SYNC_OUTCOME.name, VENDOR_TABLE_CHANGELOG.name
    assert [sent.topic for sent in stage.producer.sent] == [outcome, outcome, changelog]
    announced, updated = stage.outcomes()
    assert (announced.status, announced.through_offset) == (Status.WRITING, -1)
    assert (updated.status, updated.through_offset, updated.topic_id) == (Status.UPDATED, 4, TOPIC_ID)
    assert (updated.run_id, updated.cause, updated.requested_by, updated.attempt) == ("run", "sync_all", "Dana", 1)
    assert stage.rows.answered_through(PARTITION, KEY) == 4
    assert len(stage.syncing.pending_events) == 0
    assert stage.consumer.membership_checks == 3, "before the write, before the outcome and before the row"


async def test_one_outcome_answers_all_events_that_wait(stage: Stage) -> None:
    stage.syncing.queue.pause("acme")
    stage.syncing.accept(event(4, lane=Lane.BULK))
    stage.syncing.accept(event(6, run_id="run"))
    stage.syncing.queue.resume("acme")
    stage.syncing.dispatch()
    await stage.finished(4, 6)
    updated = stage.outcomes()[-1]
    assert (updated.through_offset, updated.run_id) == (6, "run")


async def test_an_event_that_the_row_answers_is_acknowledged_without_work(stage: Stage) -> None:
    stage.syncing.accept(event(4))
    await stage.finished(4)
    stage.producer.sent.clear()
    stage.syncing.accept(event(3))
    assert stage.consumer.finished[-1] == (TOPIC_PARTITION, 3)
    assert (stage.producer.sent, KEY in stage.syncing.queue) == ([], False)


async def test_a_vendor_is_skipped_only_once_the_integrations_are_read(stage: Stage) -> None:
    integrations = cast("MemoryIntegrations", stage.syncing.integrations)
    integrations.read_may_end.clear()
    record = vendor_record(client_id="new", status="Approved")
    await stage.rows.put(PARTITION, record.key, VendorRow(record=record))
    stage.system.books["new"] = {"17": "Pending"}
    stage.syncing.accept(event(4, key=record.key))
    await eventually_async(lambda: integrations.read_to_ends == 1)
    assert stage.outcomes() == []
    integrations.put(integration(client_id="new"))
    integrations.read_may_end.set()
    await stage.finished(4)
    assert [outcome.status for outcome in stage.outcomes()] == [Status.WRITING, Status.UPDATED]


async def test_a_temporary_failure_is_tried_again_and_not_acknowledged(stage: Stage) -> None:
    stage.system.single_fails = UnavailableError("Vantaca did not answer.")
    stage.syncing.accept(event(4))
    await eventually_async(lambda: stage.syncing.queue.state(KEY) is KeyState.DELAYED)
    assert stage.syncing.queue.next_due() == 0.5
    assert (stage.outcomes(), stage.consumer.finished) == ([], [])
    stage.syncing.queue.drop({PARTITION})
    stage.syncing.dispatch()


async def test_refused_credentials_park_the_vendor_and_pause_its_client(stage: Stage) -> None:
    stage.system.single_fails = CredentialsRefusedError("Vantaca refuses the credentials.")
    stage.syncing.accept(event(4))
    await stage.finished(4)
    assert [outcome.status for outcome in stage.outcomes()] == [Status.PARKED]
    assert stage.rows.parked() == {"acme": [(PARTITION, KEY)]}
    stage.syncing.accept(event(5))
    assert stage.syncing.queue.take(0.0) is None
    stage.syncing.park(KEY)
    await stage.finished(4, 5)
    assert [outcome.through_offset for outcome in stage.outcomes()] == [4, 5]


async def test_an_event_that_cannot_be_read_is_a_dead_letter_and_acknowledged(stage: Stage) -> None:
    stage.syncing.accept(consumed(VENDOR_SYNC, b"garbage", key=KEY.to_bytes(), partition=PARTITION, offset=4))
    await stage.finished(4)
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.topic, letter.offset, letter.code) == (VENDOR_SYNC.name, 4, "undecodable")


class ChangingIntegrations(FakeAccounting):
    """Another integration comes while a vendor's calls are made: before the call number ``before``, counted from 0."""

    def __init__(self, stage: Stage, *, before: int) -> None:
        super().__init__(stage.system.books)
        self._integrations = cast("MemoryIntegrations", stage.syncing.integrations)
        self._before = before
        self.written: list[str] = []

    def plan(self, *arguments: Any) -> Plan:
        made = super().plan(*arguments)
        return replace(made, calls=("first", *made.calls)) if made.calls else made

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        for number, text in enumerate(plan.calls):
            if number == self._before:
                self._integrations.put_unreadable(integration.client_id)
            await before_write()
            self.written.append(text)
        return await super().apply(integration, plan)


@pytest.mark.parametrize(("before", "written"), [(0, []), (1, ["first"])])
async def test_nothing_more_is_written_once_the_integration_is_another(
    stage: Stage, before: int, written: list[str]
) -> None:
    system = ChangingIntegrations(stage, before=before)
    cast("dict[str, FakeAccounting]", stage.syncing.attempts.systems)[VANTACA] = system
    stage.syncing.accept(event(4))
    await stage.finished(4)
    assert system.written == written
    outcome = stage.outcomes()[-1]
    assert (outcome.status, outcome.through_offset) == (Status.PARKED, 4)
    assert outcome.reason is not None
    assert "can't be read" in outcome.reason
    assert stage.rows.parked() == {"acme": [(PARTITION, KEY)]}
