"""Plays actions on a real Kafka, and looks at what reached the accounting system."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from accounting.vantaca.sandbox.calls.call_log import LoggedCall
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_offsets import TopicOffsets
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from schemas.topics import INTEGRATION, VENDOR_RECORD
from schemas.wire.partitioning import partition_of
from tests.record_model.actions import (
    VENDORS,
    Action,
    BadIntegration,
    BadRecord,
    NewIntegration,
    NewRecord,
    RequestSync,
    Restart,
    Tombstone,
    UselessRecord,
)
from tests.record_model.expected import NOTHING, Expected, Vendor
from tests.support.slowness import patient
from tests.support.transactions import Transactions
from tests.support.world import ANSWER_SECONDS, UPDATE, World

BEGINNING: Final = datetime(2026, 3, 1, tzinfo=UTC)
UNREADABLE: Final = b"garbage"
PARTITIONS: Final = 12


@dataclass
class Play:
    """Plays one order of actions for one client."""

    world: World
    transactions: Transactions
    expected: Expected = field(default_factory=Expected)
    quiet_since: dict[str, int] = field(default_factory=dict)
    """Providers to which nothing but a hold may be written, and the length of the call log when that began."""
    worker: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def run(self, actions: list[Action]) -> None:
        """Play the actions, then press until all is as it must be."""
        self.world.providers(VENDORS, compliance_status="Pending")
        await self.world.load([self.integration()])
        await self.worker.enter_async_context(self.world.worker())
        try:
            for action in [*actions, NewIntegration(), RequestSync(waits=True)]:
                await self._play(action)
        finally:
            await self.worker.aclose()
        for number in VENDORS:
            self._still_quiet(str(number))

    async def _play(self, action: Action) -> None:
        before, self.expected = self.expected, self.expected.after(action)
        match action:
            case NewRecord() | UselessRecord() | BadRecord() | Tombstone():
                await self._play_record(action, before.vendor(action.vendor))
            case NewIntegration():
                for number in VENDORS:
                    self._still_quiet(str(number))
                await self.world.load([self.integration()])
            case BadIntegration():
                await self.world.say(INTEGRATION.name, self.world.client_id.encode(), UNREADABLE)
            case RequestSync():
                await self._request(action)
            case Restart():
                await self.worker.aclose()
                self.worker = AsyncExitStack()
                await self.worker.enter_async_context(self.world.worker())

    async def _play_record(self, action: NewRecord | UselessRecord | BadRecord | Tombstone, before: Vendor) -> None:
        match action:
            case NewRecord():
                self._still_quiet(str(action.vendor))
                await self._new_record(action)
            case UselessRecord():
                await self._useless_record(action)
            case BadRecord():
                if self.expected.vendor(action.vendor) != before:
                    await self._publish(self._key(action.vendor), self._bad_value(action))
            case Tombstone():
                await self._publish(self._key(action.vendor), None)

    def integration(self) -> Integration:
        texts = {"active": f"Active {self.expected.integration}", "inactive": f"Inactive {self.expected.integration}"}
        at = BEGINNING + timedelta(minutes=self.expected.serial)
        return self.world.integration.model_copy(update={"status_texts": texts, "updated_at": at})

    def record(self, number: int, **fields: Any) -> VendorRecord:
        """The vendor's record of this action: the version that the model expects, the serial number in name and reason."""
        serial = self.expected.serial
        given = {
            "version": self.expected.vendor(number).version,
            "updated_at": BEGINNING + timedelta(minutes=serial),
            "legal_name": f"Name {serial}",
            "hold_reason": f"reason {serial}.",
        }
        return self.world.record(number, **(given | fields))

    async def _new_record(self, action: NewRecord) -> None:
        record = self.record(action.vendor, payment_hold=action.hold, origin="change" if action.change else "snapshot")
        key, value = record.key.to_bytes(), self._encoded(record)
        match action.way:
            case "transaction":
                await asyncio.to_thread(self.transactions.open, VENDOR_RECORD.name, [(key, value)])
                await asyncio.to_thread(self.transactions.commit)
            case "foreign":
                await self._publish_foreign(key, value)
            case _:
                await self._publish(key, value)

    async def _useless_record(self, action: UselessRecord) -> None:
        vendor, key = self.expected.vendor(action.vendor), self._key(action.vendor)
        newer = self.record(action.vendor, version=vendor.version + 1, payment_hold=True)
        older = self.record(
            action.vendor, version=vendor.version - 1, updated_at=BEGINNING - timedelta(days=1), payment_hold=True
        )
        match action.kind:
            case "aborted":
                await asyncio.to_thread(self.transactions.open, VENDOR_RECORD.name, [(key, self._encoded(newer))])
                await asyncio.to_thread(self.transactions.abort)
            case "foreign":
                if vendor.good:
                    await self._publish_foreign(key, self._encoded(older))
            case "foreign tombstone":
                await self._publish_foreign(key, None)
            case _:
                if vendor.good:
                    await self._publish(key, self._encoded(older))

    async def _request(self, action: RequestSync) -> None:
        run = await self.world.press()
        if not action.waits:
            return
        if not self.expected.integration_is_good:
            refused = await self.world.until(run, lambda progress: progress.refusal is not None)
            assert refused.refusal is not None
        else:
            await self.world.settled(run)
            for number in VENDORS:
                self._agrees(number, self.expected.vendor(number))

    def _agrees(self, number: int, vendor: Vendor) -> None:
        provider = self.world.company.providers[number]
        if vendor.good and not vendor.bad:
            assert provider.name == f"Name {vendor.good}"
            assert provider.compliance_status == f"Active {self.expected.integration}"
            assert provider.on_hold == (vendor.hold != NOTHING)
        if vendor.hold:
            assert provider.on_hold
            assert f"reason {vendor.hold}." in provider.on_hold_reason
        if vendor.bad or not vendor.good:
            self.quiet_since.setdefault(str(number), len(self._calls()))

    def _still_quiet(self, provider_id: str) -> None:
        """Nothing but a hold was written since the provider's vendor can't be acted on."""
        since = self.quiet_since.pop(provider_id, None)
        if since is None:
            return
        later = [call for call in self._calls()[since:] if call.parameters["providerid"] == provider_id]
        assert [call for call in later if not set(call.parameters) <= {"providerid", "onhold", "onholdreason"}] == []
        assert [call for call in later if call.parameters.get("onhold") not in {None, "true"}] == []

    def names_are_in_order(self) -> None:
        """Every name that was written is of a record that counted, and none of an older one than a name before it."""
        for number in VENDORS:
            written = [
                int(str(call.parameters["name"]).removeprefix("Name "))
                for call in self._calls()
                if call.parameters["providerid"] == str(number) and "name" in call.parameters
            ]
            assert written == sorted(written)

    def _calls(self) -> list[LoggedCall]:
        return [call for call in self.world.sandbox.call_log.calls if call.path == UPDATE]

    def _bad_value(self, action: BadRecord) -> bytes:
        if not action.stale:
            return UNREADABLE
        version = self.expected.vendor(action.vendor).version - 1
        return self._encoded(self.record(action.vendor, version=version, payment_hold=action.hold))

    def _key(self, number: int) -> bytes:
        return self.world.record(number).key.to_bytes()

    def _encoded(self, record: VendorRecord) -> bytes:
        return self.world.codec.encode(record, topic=VENDOR_RECORD.name)

    async def _publish(self, key: bytes, value: bytes | None) -> None:
        await self.world.say(VENDOR_RECORD.name, key, value)

    async def _publish_foreign(self, key: bytes, value: bytes | None) -> None:
        """Publish it on a partition that its key does not belong to, and wait until the worker has dealt with it."""
        own = partition_of(key, PARTITIONS)
        reported, end = len(await self.world.dead_letters()), await self._end(own)
        producer = BlockingProducer(self.world.bootstrap, seconds=patient(ANSWER_SECONDS))
        record = OutgoingRecord(VENDOR_RECORD.name, key, value, (own + 1) % PARTITIONS)
        await asyncio.to_thread(producer.publish, [record])
        deadline = time.monotonic() + patient(60.0)
        while True:
            dealt_with = len(await self.world.dead_letters()) > reported
            if dealt_with and (value is None or await self._end(own) > end):
                return
            assert time.monotonic() < deadline, f"a record on partition {own + 1} was not dealt with"
            await asyncio.sleep(0.1)

    async def _end(self, partition: int) -> int:
        ends = TopicOffsets(self.world.bootstrap, seconds=patient(ANSWER_SECONDS)).ends
        place = (VENDOR_RECORD.name, partition)
        return (await asyncio.to_thread(ends, [place]))[place]
