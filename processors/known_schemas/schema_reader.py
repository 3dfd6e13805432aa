"""The schemas of other writers, read before the first record is handled and kept up to date."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from faust.types import TP

from processors.transport.new_client import groupless_consumer
from processors.transport.reading_watch import ReadingWatch
from processors.transport.topic_ends import TopicEnds
from schemas.topics import SCHEMA
from schemas.wire.known_schemas import KnownSchemas, RefusedSchemaError, key_of
from schemas.wire.record_schema import present_schemas

log = logging.getLogger(__name__)

POSITION_SECONDS: Final = 0.2
"""How long to wait for a position, which is unknown while the client looks it up."""
POLL_MS: Final = 200


class SchemaReader:
    """Reads the whole of ``vive.schema`` into ``known``, without a consumer group, and goes on reading.

    ``on_crash`` is called with the error that ended the reading: a ``StalledError`` when records were not read for
    ``stall_timeout`` seconds.
    """

    def __init__(
        self,
        known: KnownSchemas,
        *,
        bootstrap: str,
        partitions: int,
        ends: TopicEnds,
        stall_timeout: float,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self.known = known
        self._consumer = groupless_consumer(bootstrap, auto_offset_reset="earliest")
        self._partitions = [TP(SCHEMA.name, number) for number in range(partitions)]
        self._ends = ends
        self._watch = ReadingWatch(
            read_to=self._read_to, ends=ends, stall_timeout=stall_timeout, monotonic=time.monotonic
        )
        self._on_crash = on_crash
        self._reading: asyncio.Task[None] | None = None
        self._on_topic: set[bytes] = set()
        """Keys whose newest record holds the schema that the key names."""
        self._learned = asyncio.Event()
        """Set, and replaced, whenever a schema is learned."""
        self._moved = asyncio.Event()
        """Set, and replaced, whenever records may have been read."""

    async def start(self) -> None:
        """Read the topic to its end, then go on in the background.

        Raises:
            StalledError: the reading makes no progress although Kafka answers.
        """
        await self._consumer.start()
        self._consumer.assign([TopicPartition(*tp) for tp in self._partitions])
        self._reading = asyncio.create_task(self._read_and_watch())
        self._reading.add_done_callback(self._ended)
        await self.read_to_end()
        if self._reading.done():
            self._reading.result()

    async def read_to_end(self) -> None:
        """Wait until all records that the topic held at the time of the call are read, or the reading has ended."""
        ends = await self._ends.known_ends(self._partitions)
        while self._reading is not None and not self._reading.done():
            moved = self._moved
            read_to = await self._read_to()
            if all(read_to[tp] >= end for tp, end in ends.items()):
                return
            await moved.wait()

    async def until_known(self, fingerprint: bytes) -> None:
        """Wait until the schema of this fingerprint is known."""
        while self.known.of(fingerprint) is None:
            await self._learned.wait()

    def unpublished(self) -> list[bytes]:
        """The fingerprints of this release's own schemas that the topic does not hold."""
        return [fingerprint for fingerprint in present_schemas() if key_of(fingerprint) not in self._on_topic]

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
            self._moved.set()

    async def _read_on(self) -> None:
        await self._consumer.seek_to_beginning()
        while True:
            for records in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self._take(record)
                    await asyncio.sleep(0)  # checking a hostile one takes milliseconds
            self._moved.set()
            self._moved = asyncio.Event()

    def _take(self, record: ConsumerRecord) -> None:
        self._on_topic.discard(record.key)
        try:
            learned = self.known.learn(record.key, record.value)
        except RefusedSchemaError as error:
            log.warning(
                "The schema at partition %d offset %d of %s is left out: %s (%d so far).",
                record.partition,
                record.offset,
                SCHEMA.name,
                error,
                self.known.refused,
            )
            return
        if record.value is not None:
            self._on_topic.add(record.key)
        if learned is not None:
            self._learned.set()
            self._learned = asyncio.Event()

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
