"""Keeps VIVE's vendor records in the table, and publishes an event where a change must be synced."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processors.events.dead_letters import unreadable
from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.state.integration_cache import Integrations
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_records.decisions import forget_record, keep_record
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.wire.codec import Codec, UndecodableError


@dataclass(frozen=True, kw_only=True)
class VendorRecords:
    """Handles vendor records. A record is visible at once and acknowledged when row and event are persisted."""

    codec: Codec
    publisher: EventPublisher
    rows: Rows
    integrations: Integrations
    in_flight: PartitionTasks
    gate: PartitionGate
    now: Callable[[], datetime]

    def accept(self, message: Any) -> None:
        """Handle one record without waiting for the brokers: many records are in flight at once."""
        if not self.in_flight.is_open(message.tp.partition):
            return  # The agent held the record when the partition was revoked: the next owner reads it.
        try:
            deliveries = self._keep(message)
        except UndecodableError as error:
            deliveries = [self.publisher.dead_letter(unreadable(message, error, now=self.now()))]
        self.in_flight.start(message.tp.partition, self._confirm(message, deliveries), phase=Phase.SETTLING)

    def _keep(self, message: Any) -> list[DeliveryFuture]:
        partition = message.tp.partition
        try:
            key = VendorKey.from_bytes(message.key)
        except ValueError as error:
            raise UndecodableError(str(error)) from None
        row = self.rows.get(partition, key)
        if message.value is None:
            forgotten = forget_record(row, self.now())
            return [] if forgotten is None else [self.rows.put(partition, key, forgotten)]
        record = self.codec.decode_keyed(VendorRecord, message.key, message.value)
        decision = keep_record(row, record, self.integrations.get(key.client_id), self.now())
        # The row first: an event may be worked before its delivery is confirmed, and must find the new data.
        deliveries = [] if decision.row is None else [self.rows.put(partition, key, decision.row)]
        if decision.event is not None:
            deliveries.append(self.publisher.vendor_sync(decision.event, partition=partition))
        return deliveries

    async def _confirm(self, message: Any, deliveries: list[DeliveryFuture]) -> None:
        await asyncio.gather(*deliveries)
        self.gate.finish(message.tp, message.offset)
