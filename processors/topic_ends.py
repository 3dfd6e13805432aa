"""Where topics end at this moment."""

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP


class TopicEnds:
    """Asks the brokers, on a connection of its own: Faust's consumer thread answers such a question only between two fetches."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)

    async def start(self) -> None:
        """Connect."""
        await self._consumer.start()

    async def end(self, tp: TP) -> int:
        """The offset that the next record of the partition will get."""
        partition = TopicPartition(tp.topic, tp.partition)
        return int((await self._consumer.end_offsets([partition]))[partition])

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()
