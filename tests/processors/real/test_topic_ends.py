import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from faust.types import TP

from devkit.broker import Broker
from processors.transport.topic_ends import TopicEnds
from tests.support.free_port import free_port
from tests.support.topics import create_topic, unique


class Silent(AIOKafkaConsumer):  # type: ignore[misc]
    """A client that has lost its connections for good."""

    async def end_offsets(self, _partitions: Any) -> Any:
        await asyncio.Event().wait()


class FirstSilent(TopicEnds):
    """Its first client becomes silent."""

    clients = 0

    def _new(self) -> AIOKafkaConsumer:
        self.clients += 1
        kind = Silent if self.clients == 1 else AIOKafkaConsumer
        return kind(bootstrap_servers=self._bootstrap, group_id=None, enable_auto_commit=False)


async def test_a_client_that_gets_no_answer_though_kafka_is_available_is_replaced(kafka: Broker) -> None:
    tp = TP(create_topic(kafka.bootstrap, unique("ends")), 0)
    ends = FirstSilent(kafka.bootstrap)
    await ends.start()
    first, second, end = await asyncio.gather(ends.ends([tp]), ends.ends([tp]), ends.end(tp))
    assert (first, second, end) == ({tp: 0}, {tp: 0}, 0)
    assert await ends.ends([tp]) == {tp: 0}
    assert ends.clients == 2
    await ends.stop()


class AllSilent(FirstSilent):
    """Kafka is unavailable, to new clients too."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(bootstrap)
        self._bootstrap = f"127.0.0.1:{free_port()}"


async def test_nothing_is_known_while_kafka_is_unavailable(kafka: Broker) -> None:
    ends = AllSilent(kafka.bootstrap)
    await ends.start()
    first, second = await asyncio.gather(ends.ends([TP("topic", 0)]), ends.ends([TP("topic", 0)]))
    assert (first, second) == (None, None)
    assert ends.clients == 1
    await ends.stop()
