"""The schemas of other writers, read before the first record is handled and kept up to date."""

import asyncio
from contextlib import suppress

from aiokafka import ConsumerRecord

from messaging.schema_topic import log_refused
from processors.whole_topics.whole_topic import OpenTopic, ReadingEndedError
from schemas.topics import SCHEMA
from schemas.wire.known_schemas import KnownSchemas, RefusedSchemaError, key_of
from schemas.wire.record_schema import present_schemas


class SchemaReader:
    """Reads the whole of ``vive.schema`` into ``known``, without a consumer group, and goes on reading."""

    def __init__(self, known: KnownSchemas, *, open_topic: OpenTopic) -> None:
        self.known = known
        self._topic = open_topic(SCHEMA, self._take)
        self._on_topic: set[bytes] = set()
        """Keys whose newest record holds the schema that the key names."""
        self._learned = asyncio.Event()
        """Set, and replaced, whenever a schema is learned."""

    async def start(self) -> None:
        """Read the topic to its end, then go on in the background.

        Raises:
            StalledError: the reading makes no progress although Kafka answers.
        """
        await self._topic.start()

    async def read_to_end(self) -> None:
        """Wait until all records that the topic held at the time of the call are read, or the reading has ended."""
        with suppress(ReadingEndedError):  # The worker ends: the topic's ``on_crash`` was called.
            await self._topic.read_to_end()

    async def stop(self) -> None:
        """Stop reading."""
        await self._topic.stop()

    async def until_known(self, fingerprint: bytes) -> None:
        """Wait until the schema of this fingerprint is known."""
        while self.known.of(fingerprint) is None:
            await self._learned.wait()

    def unpublished(self) -> list[bytes]:
        """The fingerprints of this release's own schemas that the topic does not hold."""
        return [fingerprint for fingerprint in present_schemas() if key_of(fingerprint) not in self._on_topic]

    def _take(self, record: ConsumerRecord) -> None:
        self._on_topic.discard(record.key)
        try:
            learned = self.known.learn(record.key, record.value)
        except RefusedSchemaError as error:
            log_refused(record.partition, record.offset, error, so_far=self.known.refused)
            return
        if record.value is not None:
            self._on_topic.add(record.key)
        if learned is not None:
            self._learned.set()
            self._learned = asyncio.Event()
