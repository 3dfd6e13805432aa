"""Changes that wait until their clients' integrations are read, and the events that follow from them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from faust.types import TP

from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.state.integration_cache import Integrations
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_records.decisions import RecordChange, joined, judge
from processors.vendor_records.postponed_changes import postponed
from schemas.records.integration import eligible
from schemas.records.vendor_key import VendorKey

JUDGED_AT_ONCE: Final = 100
"""Vendors that are judged before other tasks get a turn."""


@dataclass(slots=True)
class _Vendor:
    """A vendor's change, and the records that it was made of."""

    change: RecordChange
    offsets: list[int] = field(default_factory=list)
    kept: list[DeliveryFuture] = field(default_factory=list)
    """The deliveries of the rows, and of dead letters."""


@dataclass(slots=True)
class _Partition:
    """The vendors of a partition whose changes wait, and the task that judges them."""

    vendors: dict[VendorKey, _Vendor] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None


@dataclass(frozen=True, kw_only=True)
class UnjudgedChanges:
    """Judges each change once the integrations are read to the end that they had when the change came.

    One read serves all changes of a partition that came before it began. The changes of a partition are judged in their order;
    those that come during a read wait for the next one. What waits takes memory once a vendor, plus an offset and a delivery
    a record. A drain cancels the wait: the partition's next owner reads the records again.
    """

    publisher: EventPublisher
    rows: Rows
    integrations: Integrations
    in_flight: PartitionTasks
    gate: PartitionGate
    now: Callable[[], datetime]
    partitions: dict[int, _Partition] = field(default_factory=dict)

    def add(self, message: Any, key: VendorKey, change: RecordChange, *kept: DeliveryFuture) -> None:
        """Judge this change later; its record is acknowledged when what is ``kept`` of it and an event are delivered."""
        tp = message.tp
        partition = self.partitions.get(tp.partition)
        if partition is None or partition.task is None or partition.task.done():
            # Changes that a cancelled task has left are read again.
            partition = self.partitions[tp.partition] = _Partition()
        vendor = partition.vendors.get(key)
        if vendor is None:
            vendor = partition.vendors[key] = _Vendor(change)
        else:
            vendor.change = joined(vendor.change, change)
        vendor.offsets.append(message.offset)
        vendor.kept.extend(kept)
        if partition.task is None:
            partition.task = self.in_flight.start(tp.partition, self._judge_all(tp, partition))

    async def _judge_all(self, tp: TP, partition: _Partition) -> None:
        while partition.vendors:
            vendors, partition.vendors = partition.vendors, {}
            await self.integrations.read_to_end()
            for number, (key, vendor) in enumerate(vendors.items(), start=1):
                if self.integrations.is_held(key.client_id):
                    self.in_flight.start(tp.partition, self._judge_later(tp, key, vendor))
                else:
                    self._judge(tp, key, vendor)
                if number % JUDGED_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _judge_later(self, tp: TP, key: VendorKey, vendor: _Vendor) -> None:
        """Judge it once the schema of the client's integration is known, or is waited for no more."""
        await self.integrations.until_settled(key.client_id)
        self._judge(tp, key, vendor)

    def _judge(self, tp: TP, key: VendorKey, vendor: _Vendor) -> None:
        deliveries = vendor.kept
        integration = self.integrations.get(key.client_id)
        event = judge(vendor.change, integration, self.now())
        if event is not None:
            deliveries.append(self.publisher.vendor_sync(event, partition=tp.partition))
        elif eligible(key.client_id, integration) is None:
            row = postponed(self.rows.get(tp.partition, key))
            if row is not None:
                deliveries.append(self.rows.put(tp.partition, key, row))
        self.in_flight.start(
            tp.partition, self.gate.finish_after(deliveries, tp, *vendor.offsets), phase=Phase.SETTLING
        )
