"""A topic that every worker reads from its beginning to its end, and then goes on reading."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from faust.types import TP

from processors.transport.new_client import groupless_consumer
from processors.transport.topic_ends import TopicEnds
from processors.whole_topics.reading_watch import ReadingWatch
from processors.whole_topics.shared_read import SharedRead
from schemas.errors import ViveSyncError
from schemas.topics import Topic

POSITION_SECONDS: Final = 0.2
"""How long to wait for a position, which is unknown while the client looks it up."""
POLL_MS: Final = 200


Take = Callable[[ConsumerRecord], None]


class ReadingEndedError(ViveSyncError, RuntimeError):
    """The topic is no longer read, so nobody can wait until it is read to an offset."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"The records of {topic} are not read any more.")


class WholeTopic:
    """Reads all partitions of a topic without a consumer group.

    ``take`` is called with each record in its partition's order. ``on_crash`` is called with the error that ended the reading:
    a ``StalledError`` when records were not read for ``stall_timeout`` seconds.
    """

    def __init__(
        self,
        topic: Topic,
        take: Take,
        *,
        bootstrap: str,
        partitions: int,
        ends: TopicEnds,
        stall_timeout: float,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._topic = topic.name
        self._consumer = groupless_consumer(bootstrap, auto_offset_reset="earliest")
        self._partitions = [TP(topic.name, number) for number in range(partitions)]
        self._ends = ends
        self._take = take
        self._on_crash = on_crash
        self._watch = ReadingWatch(
            read_to=self._read_to, ends=ends, stall_timeout=stall_timeout, monotonic=time.monotonic
        )
        self._reading: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()
        self._shared_read = SharedRead(self._wait_until_read)

    async def start(self) -> None:
        """Read the topic to its end, then go on in the background.

        Raises:
            StalledError: the reading makes no progress although Kafka answers.
        """
        await self._consumer.start()
        self._consumer.assign([TopicPartition(*tp) for tp in self._partitions])
        self._reading = asyncio.create_task(self._read_and_watch())
        self._reading.add_done_callback(self._ended)
        try:
            await self.read_to_end()
        except ReadingEndedError:
            self._reading.result()
            raise

    async def read_to_end(self) -> None:
        """Wait until all records that the topic held at the time of the call are read. Calls at the same time share a look.

        Raises:
            ReadingEndedError: the topic is no longer read; ``on_crash`` was called with the reason.
        """
        await self._shared_read()

    async def _wait_until_read(self) -> None:
        ends = await self._ends.known_ends(self._partitions)
        async with self._moved:
            while await self._is_behind(ends):
                if self._reading is None or self._reading.done():
                    raise ReadingEndedError(self._topic)
                await self._moved.wait()

    async def _is_behind(self, ends: Mapping[TP, int]) -> bool:
        read_to = await self._read_to()
        return any(read_to[tp] < end for tp, end in ends.items())

    async def _read_to(self) -> Mapping[TP, int]:
        """Return how far each partition is read; -1 where that is unknown."""
        return dict(zip(self._partitions, await asyncio.gather(*map(self._position, self._partitions)), strict=True))

    async def _position(self, tp: TP) -> int:
        try:
            async with asyncio.timeout(POSITION_SECONDS):
                return int(await self._consumer.position(TopicPartition(*tp)))
        except TimeoutError:
            return -1

    async def _read_and_watch(self) -> None:
        """Read until the reading or its watch raises."""
        tasks = [asyncio.create_task(self._read_on()), asyncio.create_task(self._watch.run())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            async with self._moved:
                self._moved.notify_all()

    async def _read_on(self) -> None:
        await self._consumer.seek_to_beginning()
        while True:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self._take(record)
                    await asyncio.sleep(0)  # taking in a hostile one may last milliseconds
            async with self._moved:
                self._moved.notify_all()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)

    async def stop(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        await self._consumer.stop()


OpenTopic = Callable[[Topic, Take], WholeTopic]
"""Prepares to read a topic, with everything besides the topic and its taker given."""
