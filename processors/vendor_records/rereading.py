"""Reads vendor records again from their start where deletions may have been missed, and treats what is gone as deleted."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from faust.types import TP

from messaging.missed_deletions import Position, PositionDoubt, doubt_of
from processors.events.event_publisher import EventPublisher
from processors.positions.committed_positions import CommittedPositions
from processors.state.shard import key_or_none
from processors.state.vendor_rows import Rows
from processors.take_in import TakeIn
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_records.decisions import forget_record
from processors.vendor_records.missing_vendors import Missing, Unseen, dead_letter, sentence
from schemas.kept_record import ReadAt
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_RECORD

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rereading:
    """Follows the partitions of ``vendor-record`` that are read again. Their vendors are synced when that has ended.

    Args:
        rows: the worker's rows.
        publisher: publishes dead letters.
        in_flight: the worker's tasks; those of a partition end when it is revoked.
        gate: the access to the worker's consumer.
        positions: returns the consumer's positions, which exist only once the app has started.
        topic_id: the present id of ``vendor-record``.
        oldest: the age of a position from which on deletions may have been missed.
        now: the present time.
    """

    rows: Rows
    publisher: EventPublisher
    in_flight: PartitionTasks
    gate: PartitionGate
    positions: Callable[[], CommittedPositions]
    topic_id: str
    oldest: timedelta
    now: Callable[[], datetime]
    unseen: dict[int, Unseen] = field(default_factory=dict)
    tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    def doubt(self, tp: TP, position: Position | None) -> PositionDoubt | None:
        """Why deletions may have been missed in this partition; None where none were, or where no row could show it."""
        if tp.topic != VENDOR_RECORD.name:
            return None
        has_rows = next(self.rows.known_vendors(tp.partition), None) is not None
        doubt = doubt_of(position, topic_id=self.topic_id, now=self.now(), oldest=self.oldest, has_rows=has_rows)
        if doubt in {None, PositionDoubt.OTHER_TOPIC} or not self.rows.has_records_of_another_topic(tp.partition):
            return doubt
        return PositionDoubt.OTHER_ROWS

    def begin(self, partitions: Mapping[TP, tuple[PositionDoubt, int]]) -> None:
        """Exactly these partitions are read again from now on: why, and the offset below which all was handled before."""
        for earlier in self.tasks:
            earlier.cancel()
        self.tasks.clear()
        self.unseen.clear()
        self.gate.read_again.begin({tp.partition for tp in partitions})
        for tp, (doubt, handled_to) in partitions.items():
            log.warning(
                "Partition %d of %s is read again from its start, because %s.", tp.partition, tp.topic, doubt.value
            )
            vendors = self.rows.known_vendors(tp.partition)
            unseen = self.unseen[tp.partition] = Unseen(vendors, doubt=doubt, handled_to=handled_to)
            if (task := self.in_flight.start(tp.partition, self._read_again(tp, unseen))) is not None:
                self.tasks.append(task)

    def before(self, accept: TakeIn) -> TakeIn:
        """Return a function that finishes records which were handled before, and passes all others to ``accept``."""

        def accept_new(message: Any) -> None:
            if not self.in_flight.is_open(message.tp.partition):
                return  # The agent held the record when the partition was revoked: the next owner reads it.
            if self.was_handled(message):
                self.gate.finish(message.tp, message.offset)
            else:
                accept(message)

        return accept_new

    def was_handled(self, message: Any) -> bool:
        """Note that the topic has this vendor, and return whether the record was handled before, so that only its key counts."""
        self.rows.on_present_topic(message.tp.partition, message.key or b"")
        unseen = self.unseen.get(message.tp.partition)
        if unseen is None:
            return False
        if (vendor := key_or_none(message.key)) is not None:
            unseen.saw(vendor)
        return bool(message.offset < unseen.handled_to)

    async def _read_again(self, tp: TP, unseen: Unseen) -> None:
        began, end = self.now(), await self.gate.ends.end(tp)
        await self.gate.consumer().read_to(tp, end)
        missing = unseen.result()
        self.in_flight.enter(Phase.SETTLING)
        if missing.may_be_deleted:
            await self._forget(missing, ReadAt(tp.partition, end - 1, self.now()))
        else:
            log.error("%s", sentence(missing, unseen.doubt, partition=tp.partition))
            letter = dead_letter(missing, unseen.doubt, partition=tp.partition, end=end, now=self.now())
            await self.publisher.dead_letter(letter)
        if (time := self.positions().of(tp)) is not None:
            time.concluded(began, end=end)
        del self.unseen[tp.partition]
        self.gate.read_again.end(tp.partition)

    async def _forget(self, missing: Missing, read: ReadAt) -> None:
        """Treat the vendors as a tombstone at the end of the partition does."""
        await asyncio.gather(*(self._forget_one(vendor, read) for vendor in missing.vendors))
        log.warning(
            "Partition %d of %s is read again: %d vendors are not there any more and count as deleted.",
            read.partition,
            VENDOR_RECORD.name,
            len(missing.vendors),
        )

    async def _forget_one(self, vendor: VendorKey, read: ReadAt) -> None:
        row = forget_record(self.rows.get(read.partition, vendor), read).row
        if row is not None:
            await self.rows.put(read.partition, vendor, row)
