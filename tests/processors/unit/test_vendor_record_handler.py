"""Vendor records are kept and their changes judged, on rows and topics in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest

from processors.state.integration_cache import Integrations
from processors.state.vendor_rows import Rows
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_records.handler import VendorRecords
from processors.vendor_records.unjudged_changes import UnjudgedChanges
from schemas.kept_record import ACCEPT_VERSION
from schemas.records.dead_letter import DeadLetter
from schemas.records.outcome import Status
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import DEAD_LETTER, VENDOR_RECORD, VENDOR_SYNC, VENDOR_TABLE_CHANGELOG
from tests.support.eventually import eventually_async
from tests.support.in_memory import (
    CODEC,
    Consumed,
    MemoryConsumer,
    MemoryIntegrations,
    MemoryProducer,
    consumed,
    crashed,
    gate_of,
    publisher_of,
    rows_of,
)
from tests.support.messages import NOW, integration, vendor_record
from tests.support.slowness import patient

KEY = VendorKey("acme", "v1")
PARTITION = 2
LONG = patient(30.0)


@dataclass
class Stage:
    producer: MemoryProducer
    consumer: MemoryConsumer
    rows: Rows
    in_flight: PartitionTasks
    integrations: MemoryIntegrations
    records: VendorRecords

    def topics(self) -> list[str]:
        return [sent.topic for sent in self.producer.sent]

    def events(self) -> list[VendorSync]:
        return self.producer.values(VENDOR_SYNC, VendorSync)

    def finished(self) -> list[int]:
        return [offset for _tp, offset in self.consumer.finished]

    async def reads(self, times: int) -> None:
        """The integrations are being read for this many times."""
        await eventually_async(lambda: self.integrations.read_to_ends == times)

    async def accept(self, record: Consumed) -> None:
        finished = len(self.consumer.finished)
        self.records.accept(record)
        await eventually_async(lambda: len(self.consumer.finished) > finished)


@pytest.fixture
async def stage() -> Stage:
    producer, consumer, in_flight = MemoryProducer(), MemoryConsumer(), PartitionTasks(on_crash=crashed)
    rows, gate, publisher = rows_of(producer), gate_of(consumer), publisher_of(producer)
    integrations = MemoryIntegrations(integration())
    unjudged = UnjudgedChanges(
        publisher=publisher,
        rows=rows,
        integrations=cast("Integrations", integrations),
        in_flight=in_flight,
        gate=gate,
        now=lambda: NOW,
    )
    records = VendorRecords(
        codec=CODEC,
        publisher=publisher,
        rows=rows,
        unjudged=unjudged,
        in_flight=in_flight,
        gate=gate,
        now=lambda: NOW,
    )
    return Stage(producer, consumer, rows, in_flight, integrations, records)


def record_of(
    version: int,
    *,
    offset: int = 0,
    key: bytes = KEY.to_bytes(),
    headers: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> Consumed:
    record = vendor_record(version=version, **fields)
    return consumed(VENDOR_RECORD, record, key=key, partition=PARTITION, offset=offset, headers=headers)


def of_bytes(value: bytes, *, offset: int = 0) -> Consumed:
    return consumed(VENDOR_RECORD, value, key=KEY.to_bytes(), partition=PARTITION, offset=offset)


def vendor(vendor_id: str, version: int, *, offset: int, **fields: Any) -> Consumed:
    return record_of(version, offset=offset, key=f"acme:{vendor_id}".encode(), vendor_id=vendor_id, **fields)


async def test_a_change_is_kept_before_its_event_is_published_and_then_acknowledged(stage: Stage) -> None:
    await stage.accept(record_of(1, offset=3))
    assert [sent.topic for sent in stage.producer.sent] == [VENDOR_TABLE_CHANGELOG.name, VENDOR_SYNC.name]
    (event,) = stage.events()
    assert (event.key, event.lane, event.cause) == (KEY, Lane.LIVE, Cause.VENDOR_CHANGED)
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record == vendor_record(version=1)
    assert [offset for _tp, offset in stage.consumer.finished] == [3]


async def test_a_stale_record_is_counted_and_leads_to_nothing_else(stage: Stage) -> None:
    await stage.accept(record_of(2))
    written = stage.topics()
    await stage.accept(record_of(1, offset=1))
    assert stage.topics() == [*written, VENDOR_TABLE_CHANGELOG.name]
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert (row.record, row.stale_records, row.trouble) == (vendor_record(version=2), 1, None)


async def test_a_tombstone_forgets_the_record(stage: Stage) -> None:
    await stage.accept(record_of(1))
    await stage.accept(consumed(VENDOR_RECORD, None, key=KEY.to_bytes(), partition=PARTITION, offset=1))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record is None


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (of_bytes(b"garbage"), "undecodable"),
        (of_bytes(b""), "undecodable"),
        (of_bytes(b"x" * 128 * 1024), "undecodable"),
        (of_bytes(b"x" * 129 * 1024), "undecodable"),
        (record_of(1, key=b"acme:v2"), "invalid"),
    ],
    ids=["garbage", "empty", "128 KiB of text", "too large", "another key"],
)
async def test_a_record_that_cannot_be_read_is_a_dead_letter_and_its_vendors_trouble(
    stage: Stage, record: Consumed, code: str
) -> None:
    await stage.accept(record)
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.code, letter.key, letter.value) == (code, record.key, record.value)
    row = stage.rows.get(PARTITION, VendorKey.from_bytes(record.key))
    assert row is not None
    assert row.trouble is not None
    assert (row.record, row.trouble.code, row.trouble.reason) == (None, code, letter.reason)
    assert stage.topics() == [DEAD_LETTER.name, VENDOR_TABLE_CHANGELOG.name]


async def test_a_record_whose_key_names_no_vendor_is_a_dead_letter_only(stage: Stage) -> None:
    await stage.accept(record_of(1, key=b"acme"))
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert letter.code == "undecodable"
    assert stage.topics() == [DEAD_LETTER.name]


async def test_a_linked_vendor_is_synced_at_once_when_its_newest_record_cannot_be_read(stage: Stage) -> None:
    await stage.accept(record_of(1, origin="snapshot"))
    await stage.accept(of_bytes(b"garbage", offset=1))
    assert [(event.key, event.lane) for event in stage.events()] == [(KEY, Lane.LIVE)]
    await stage.accept(of_bytes(b"garbage again", offset=2))
    assert len(stage.events()) == 1
    assert len(stage.producer.values(DEAD_LETTER, DeadLetter)) == 2
    assert stage.finished() == [0, 1, 2]


async def test_a_record_that_cannot_be_read_and_is_read_again_after_a_crash_repeats_its_event_once(
    stage: Stage,
) -> None:
    await stage.accept(record_of(1, origin="snapshot"))
    await stage.accept(of_bytes(b"garbage", offset=1))
    row = stage.rows.get(PARTITION, KEY)
    await stage.accept(record_of(1, origin="snapshot"))
    await stage.accept(of_bytes(b"garbage", offset=1))
    assert stage.rows.get(PARTITION, KEY) == row
    assert len(stage.events()) == 2


async def test_a_stale_record_that_was_changed_later_is_a_dead_letter(stage: Stage) -> None:
    await stage.accept(record_of(2**63 - 1, origin="snapshot"))
    await stage.accept(record_of(2, offset=1, updated_at=NOW + timedelta(seconds=1)))
    (letter,) = stage.producer.values(DEAD_LETTER, DeadLetter)
    assert (letter.code, letter.vendor_id) == ("stale", "v1")
    assert "version 2, lower than version 9223372036854775807" in letter.reason
    assert [event.key for event in stage.events()] == [KEY]


async def test_a_record_that_a_person_put_in_force_is_kept_and_synced(stage: Stage) -> None:
    await stage.accept(record_of(2**63 - 1, origin="snapshot"))
    await stage.accept(record_of(2, offset=1, headers={ACCEPT_VERSION: b"dana"}, origin="snapshot"))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record is not None
    assert (row.record.version, row.last_version) == (2, 2)
    assert [event.key for event in stage.events()] == [KEY]
    assert stage.producer.values(DEAD_LETTER, DeadLetter) == []


async def test_a_record_of_a_revoked_partition_is_left_to_the_next_owner(stage: Stage) -> None:
    await stage.in_flight.drain({PARTITION}, seconds=0.0, settling=0.0)
    stage.records.accept(record_of(1))
    assert (stage.producer.sent, stage.consumer.finished) == ([], [])


async def test_a_change_is_kept_at_once_and_judged_when_the_integrations_are_read(stage: Stage) -> None:
    stage.integrations.read_may_end.clear()
    stage.records.accept(record_of(1, offset=3, client_id="new", key=b"new:v1"))
    await stage.reads(1)
    row = stage.rows.get(PARTITION, VendorKey("new", "v1"))
    assert row is not None
    assert row.record is not None
    assert (stage.events(), stage.finished()) == ([], [])
    stage.integrations.put(integration(client_id="new"))
    stage.integrations.read_may_end.set()
    await eventually_async(lambda: stage.finished() == [3])
    assert [event.key for event in stage.events()] == [VendorKey("new", "v1")]


async def test_changes_that_come_during_a_read_share_the_next_one(stage: Stage) -> None:
    stage.integrations.read_may_end.clear()
    stage.records.accept(vendor("v1", 1, offset=0))
    await stage.reads(1)
    for number in range(2, 302):
        stage.records.accept(vendor(f"v{number}", 1, offset=number - 1))
    stage.integrations.read_may_end.set()
    await eventually_async(lambda: len(stage.finished()) == 301)
    assert stage.integrations.read_to_ends == 2
    assert [event.vendor_id for event in stage.events()] == [f"v{number}" for number in range(1, 302)]


async def test_later_changes_of_a_waiting_vendor_are_judged_with_it(stage: Stage) -> None:
    stage.integrations.read_may_end.clear()
    stage.records.accept(vendor("v2", 1, offset=0))
    await stage.reads(1)
    for version, compliant in ((1, True), (2, False), (3, True)):
        stage.records.accept(vendor("v1", version, offset=version, compliant=compliant))
    stage.integrations.read_may_end.set()
    await eventually_async(lambda: stage.finished() == [0, 1, 2, 3])
    assert [event.vendor_id for event in stage.events()] == ["v2", "v1"]


async def test_a_snapshot_waits_for_no_integration(stage: Stage) -> None:
    stage.integrations.read_may_end.clear()
    await stage.accept(record_of(1, origin="snapshot"))
    assert (stage.integrations.read_to_ends, stage.topics()) == (0, [VENDOR_TABLE_CHANGELOG.name])


async def test_a_change_is_acknowledged_only_when_its_event_is_delivered(stage: Stage) -> None:
    stage.producer.hold(VENDOR_SYNC)
    stage.records.accept(record_of(1, offset=3))
    await eventually_async(lambda: len(stage.events()) == 1)
    await stage.in_flight.drain({PARTITION}, seconds=0.0, settling=0.0)
    assert stage.finished() == []


async def test_a_drain_cuts_the_wait_and_the_next_owner_judges_the_change(stage: Stage) -> None:
    stage.integrations.read_may_end.clear()
    stage.records.accept(record_of(1, offset=3))
    await stage.reads(1)
    stage.records.accept(vendor("v2", 1, offset=4))
    await stage.in_flight.drain({PARTITION}, seconds=LONG, settling=LONG)
    assert (stage.events(), stage.finished()) == ([], [])
    stage.integrations.read_may_end.set()
    stage.in_flight.open({PARTITION})
    await stage.accept(record_of(1, offset=3))
    assert [event.key for event in stage.events()] == [KEY]
    assert stage.finished() == [3]


async def test_a_change_at_a_client_that_cannot_be_synced_marks_a_row_that_was_answered_before(stage: Stage) -> None:
    await stage.rows.put(PARTITION, KEY, VendorRow(record=vendor_record(), status=Status.UPDATED))
    stage.integrations.put(integration(mode="one_way"))
    await stage.accept(record_of(2, offset=1, compliant=False))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert (row.record, row.status) == (vendor_record(version=2, compliant=False), Status.SKIPPED)
    assert stage.events() == []
    assert stage.rows.unsynced_changes(PARTITION, "acme") == [KEY]


async def test_a_forwarded_record_that_is_not_newer_is_neither_kept_nor_brings_a_deleted_vendor_back(
    stage: Stage,
) -> None:
    forwarded = {"forwarded-from": b"7"}
    await stage.accept(record_of(2))
    await stage.accept(record_of(2, offset=1, compliant=False)._replace(headers=forwarded))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record == vendor_record(version=2)
    await stage.accept(consumed(VENDOR_RECORD, None, key=KEY.to_bytes(), partition=PARTITION, offset=2))
    written = len(stage.producer.sent)
    await stage.accept(record_of(2, offset=3)._replace(headers=forwarded))
    assert len(stage.producer.sent) == written
    await stage.accept(record_of(3, offset=4)._replace(headers=forwarded))
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record == vendor_record(version=3)


async def test_only_changes_of_a_client_whose_integration_waits_for_its_schema_are_judged_later(stage: Stage) -> None:
    stage.integrations.put(integration(client_id="other"))
    stage.integrations.hold("acme")
    stage.records.accept(vendor("v1", 1, offset=1))
    await stage.accept(record_of(1, offset=2, key=b"other:v1", client_id="other"))
    assert [event.client_id for event in stage.events()] == ["other"]
    row = stage.rows.get(PARTITION, KEY)
    assert row is not None
    assert row.record == vendor_record(version=1)
    stage.integrations.settle("acme")
    await eventually_async(lambda: len(stage.finished()) == 2)
    assert [event.client_id for event in stage.events()] == ["other", "acme"]
