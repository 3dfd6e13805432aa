"""Keeps VIVE's vendor records in the table, and has changes judged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processors.events.dead_letters import Fault, unreadable
from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_records.decisions import RecordDecision, doubt_record, forget_record, keep_record
from processors.vendor_records.unjudged_changes import UnjudgedChanges
from schemas.forwarded_record import is_outdated_copy
from schemas.kept_record import ReadAt, accepts_version
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.wire.codec import Codec, UndecodableError


@dataclass(frozen=True, kw_only=True)
class VendorRecords:
    """Handles vendor records. A record is visible at once and acknowledged when its row is delivered.

    The record of a change is acknowledged later: when the change is judged and its event, if any, is delivered too.
    """

    codec: Codec
    publisher: EventPublisher
    rows: Rows
    unjudged: UnjudgedChanges
    in_flight: PartitionTasks
    gate: PartitionGate
    now: Callable[[], datetime]

    def accept(self, message: Any) -> None:
        """Handle one record without waiting for the brokers: many records are in flight at once."""
        if not self.in_flight.is_open(message.tp.partition):
            return  # The agent held the record when the partition was revoked: the next owner reads it.
        try:
            key = VendorKey.from_bytes(message.key)
        except ValueError as error:
            self._finish_after(message, self._dead_letter(message, UndecodableError(str(error))))
            return
        self._keep(message, key)

    def _keep(self, message: Any, key: VendorKey) -> None:
        partition = message.tp.partition
        decision = self._decide(self.rows.get(partition, key), message)
        deliveries = []
        if decision.trouble is not None:
            deliveries.append(self._dead_letter(message, decision.trouble))
        if decision.row is not None:
            # The row before an event: it may be worked before its delivery is confirmed, and must find the new data.
            deliveries.append(self.rows.put(partition, key, decision.row, record=message.value))
        if decision.change is None:
            self._finish_after(message, *deliveries)
        else:
            self.unjudged.add(message, key, decision.change, *deliveries)

    def _decide(self, row: VendorRow | None, message: Any) -> RecordDecision:
        read = ReadAt(message.tp.partition, message.offset, self.now())
        if message.value is None:
            return forget_record(row, read)
        try:
            record = self.codec.decode_keyed(VendorRecord, message.key, message.value)
        except UndecodableError as error:
            return doubt_record(row, error.code, error.reason, read)
        if is_outdated_copy(row, record, message.headers):
            return RecordDecision(row=None)
        return keep_record(row, record, read, accepted=accepts_version(message.headers))

    def _dead_letter(self, message: Any, fault: Fault) -> DeliveryFuture:
        return self.publisher.dead_letter(unreadable(message, fault, now=self.now()))

    def _finish_after(self, message: Any, *deliveries: DeliveryFuture) -> None:
        finish = self.gate.finish_after(deliveries, message.tp, message.offset)
        self.in_flight.start(message.tp.partition, finish, phase=Phase.SETTLING)
