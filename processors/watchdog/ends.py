"""Where all of a worker's partitions end, asked at once: an answer shows that Kafka is there."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from processors.topic_ends import TopicEnds

ANSWER_SECONDS: Final = 5.0


class PartitionEnds(TopicEnds):
    """Topics' ends that can be asked for many partitions."""

    async def ends(self, tps: Collection[TP]) -> Mapping[TP, int] | None:
        """The end of each; None when not all of the brokers that lead them answer within five seconds."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ends = await self._consumer.end_offsets([TopicPartition(*tp) for tp in tps])
        except (TimeoutError, KafkaError):
            return None
        return {TP(*tp): end for tp, end in ends.items()}
