"""Records on a partition that their key does not belong to: forwarded to the right one, and recorded as dead letters."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from processors.events.dead_letters import unreadable
from processors.events.event_publisher import EventPublisher
from processors.take_in import TakeIn
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from schemas.records.dead_letter import FOREIGN_PARTITION, DeadLetter
from schemas.wire.partitioning import is_foreign, partition_of


class ForeignFault(NamedTuple):
    """What is wrong with a record on a foreign partition."""

    reason: str
    code: str = FOREIGN_PARTITION


def foreign_letter(message: Any, *, partitions: int, now: datetime) -> DeadLetter:
    """The dead letter of a record on a foreign partition: what was done with it, and what its producer has to change."""
    done = (
        "A deletion is not forwarded, since it may be older than the record in force: delete again with the right partitioner."
        if message.value is None
        else "VIVE has forwarded it."
    )
    reason = (
        f"The record is on partition {message.partition} of {message.topic}, but its key belongs to partition "
        f"{partition_of(message.key, partitions)} of {partitions}. {done} Its producer must use Java's partitioner "
        "(librdkafka: partitioner=murmur2_random)."
    )
    return unreadable(message, ForeignFault(reason), now=now)


@dataclass(frozen=True, kw_only=True)
class ForeignRecords:
    """Handles records on foreign partitions in place of the stage whose topic it is.

    Two partitions may hold records of one vendor: a worker would keep it twice, and compaction keeps both. So a record goes to
    the partition of its key, readable or not, and a dead letter names the partitioner to use. A tombstone is not forwarded:
    it could delete a vendor that lives. The record is acknowledged when the brokers have both.
    """

    publisher: EventPublisher
    in_flight: PartitionTasks
    gate: PartitionGate
    partitions: int
    now: Callable[[], datetime]

    def before(self, accept: TakeIn) -> TakeIn:
        """Return a function that handles foreign records here and passes all others to ``accept``."""

        def accept_own(message: Any) -> None:
            if is_foreign(message.key, message.partition, self.partitions):
                self._forward(message)
            else:
                accept(message)

        return accept_own

    def _forward(self, message: Any) -> None:
        if not self.in_flight.is_open(message.partition):
            return  # The agent held the record when the partition was revoked: the next owner reads it.
        letter = foreign_letter(message, partitions=self.partitions, now=self.now())
        deliveries = [self.publisher.dead_letter(letter)]
        if message.value is not None:
            own = partition_of(message.key, self.partitions)
            deliveries.append(self.publisher.forward(message, partition=own))
        finish = self.gate.finish_after(deliveries, message.tp, message.offset)
        self.in_flight.start(message.partition, finish, phase=Phase.SETTLING)
