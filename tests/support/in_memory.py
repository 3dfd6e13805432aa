"""The edges of a worker's stages in memory: its producer, its consumer, and the rows of its partitions."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar, cast

from faust.types import TP

from messaging.missed_deletions import OLDEST_POSITION
from processors.events.async_producer import AsyncProducer, DeliveryReport
from processors.events.event_publisher import EventPublisher
from processors.positions.committed_positions import CommittedPositions
from processors.state.integration_cache import Integrations
from processors.state.shard import Shard
from processors.state.vendor_rows import Rows
from processors.state.vendor_table import VendorStore
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_records.rereading import Rereading
from schemas.message import Message
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration
from schemas.topics import Topic
from schemas.wire.codec import Codec
from tests.support.messages import NOW

CODEC = Codec()
TOPIC_ID = "t1"

M = TypeVar("M", bound=Message)


class Consumed(NamedTuple):
    """A record as an agent hands it to a stage."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = {}

    @property
    def tp(self) -> TP:
        return TP(self.topic, self.partition)


def consumed(
    topic: Topic,
    message: Message | bytes | None,
    *,
    key: bytes = b"",
    partition: int = 0,
    offset: int = 0,
    headers: Mapping[str, bytes] | None = None,
) -> Consumed:
    """A record of this message; of bytes as they are."""
    value = CODEC.encode(message, topic=topic.name) if isinstance(message, Message) else message
    return Consumed(topic.name, partition, offset, key, value, headers or {})


class Sent(NamedTuple):
    """A record that was given to the producer."""

    topic: str
    partition: int | None
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str | bytes | None]


class MemoryProducer:
    """Delivers every record at once, but those of topics that are held; offsets count from 0 in each partition."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._held: set[str] = set()
        self._offsets: Counter[tuple[str, int | None]] = Counter()

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> "asyncio.Future[DeliveryReport]":
        offset = self._offsets[topic, partition]
        self._offsets[topic, partition] += 1
        self.sent.append(Sent(topic, partition, offset, key, value, headers or {}))
        delivered = asyncio.get_running_loop().create_future()
        if topic not in self._held:
            delivered.set_result(DeliveryReport(partition or 0, offset))
        return delivered

    def hold(self, topic: Topic) -> None:
        """Deliver no records of this topic from now on."""
        self._held.add(topic.name)

    def values(self, topic: Topic, kind: type[M]) -> list[M]:
        """The decoded values of the records on a topic."""
        return [CODEC.decode(kind, sent.value) for sent in self.sent if sent.topic == topic.name and sent.value]


@dataclass
class MemoryConsumer:
    """Keeps which records were finished, and to which ends the stages have read."""

    reading: bool = True
    finished: list[tuple[TP, int]] = field(default_factory=list)
    read: list[tuple[TP, int]] = field(default_factory=list)
    membership_checks: int = 0

    def finish(self, tp: TP, offset: int) -> None:
        self.finished.append((tp, offset))

    async def read_to(self, tp: TP, end: int) -> None:
        self.read.append((tp, end))

    async def ensure_group_membership(self) -> None:
        self.membership_checks += 1


@dataclass
class MemoryEnds:
    """Every partition ends at the same offset."""

    offset: int = 7

    async def end(self, _tp: TP) -> int:
        return self.offset


class MemoryStore:
    """The shards of the partitions 0 to 2, recovered and owned."""

    def __init__(self) -> None:
        self._shards = {number: Shard() for number in range(3)}
        for shard in self._shards.values():
            shard.take_over(1)

    def shard(self, partition: int) -> Shard:
        return self._shards[partition]

    def shards(self) -> Iterator[tuple[int, Shard]]:
        yield from self._shards.items()


class MemoryIntegrations:
    """The integrations of these clients, and how often they were read to their end. A read waits for ``read_may_end``."""

    def __init__(self, *integrations: Integration) -> None:
        self._by_client: dict[str, KnownIntegration] = {
            integration.client_id: integration for integration in integrations
        }
        self._held: dict[str, asyncio.Event] = {}
        self.read_to_ends = 0
        self.read_may_end = asyncio.Event()
        self.read_may_end.set()

    def put(self, integration: Integration) -> None:
        self._by_client[integration.client_id] = integration

    def put_unreadable(self, client_id: str) -> None:
        self._by_client[client_id] = UnreadableIntegration(code="undecodable", reason="It is garbage.")

    def end(self, client_id: str) -> None:
        del self._by_client[client_id]

    def get(self, client_id: str) -> KnownIntegration:
        return self._by_client.get(client_id)

    def hold(self, client_id: str) -> None:
        """The newest record of the client's integration waits for its schema."""
        self._held[client_id] = asyncio.Event()

    def settle(self, client_id: str) -> None:
        self._held.pop(client_id).set()

    def hold_any(self) -> bool:
        return bool(self._held)

    def is_held(self, client_id: str) -> bool:
        return client_id in self._held

    async def until_settled(self, client_id: str) -> None:
        if client_id in self._held:
            await self._held[client_id].wait()

    async def read_to_end(self) -> None:
        self.read_to_ends += 1
        await self.read_may_end.wait()


def integrations_of(*integrations: Integration) -> Integrations:
    return cast("Integrations", MemoryIntegrations(*integrations))


def crashed(error: BaseException) -> None:
    """No stage may report a crash."""
    raise AssertionError from error


def gate_of(consumer: MemoryConsumer) -> PartitionGate:
    return PartitionGate(consumer=lambda: consumer, ends=MemoryEnds())


def rereading_of(
    rows: Rows, publisher: EventPublisher, in_flight: PartitionTasks, gate: PartitionGate, positions: CommittedPositions
) -> Rereading:
    return Rereading(
        rows=rows,
        publisher=publisher,
        in_flight=in_flight,
        gate=gate,
        positions=lambda: positions,
        topic_id=TOPIC_ID,
        oldest=OLDEST_POSITION,
        now=lambda: NOW,
    )


def publisher_of(producer: MemoryProducer) -> EventPublisher:
    return EventPublisher(producer=cast("AsyncProducer", producer), codec=CODEC)


def rows_of(producer: MemoryProducer) -> Rows:
    store = cast("VendorStore", MemoryStore())
    return Rows(
        store=lambda: store,
        codec=CODEC,
        producer=cast("AsyncProducer", producer),
        topic_id=TOPIC_ID,
        partitions=3,
    )
