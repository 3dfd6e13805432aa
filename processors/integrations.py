"""Every client's integration, known before the first event is handled and kept up to date."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.codec import Codec, UndecodableError
from schemas.integration import Integration
from schemas.topics import INTEGRATION

log = logging.getLogger(__name__)

BadRecord = Callable[[ConsumerRecord, UndecodableError], None]


class ReadingEndedError(RuntimeError):
    """The integrations are not read any more, so nobody can wait for what they say."""

    def __init__(self) -> None:
        super().__init__("The integrations are not read any more.")


class Integrations:
    """Reads the whole of ``vive.integration``, without a consumer group, and goes on reading."""

    def __init__(
        self,
        *,
        bootstrap: str,
        partitions: int,
        codec: Codec,
        on_bad_record: BadRecord,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        self._codec = codec
        self._on_bad_record = on_bad_record
        self._on_crash = on_crash
        self._by_client: dict[str, Integration] = {}
        self.on_change: Callable[[str], None] = lambda _client_id: None
        self._partitions = [TopicPartition(INTEGRATION.name, number) for number in range(partitions)]
        self._reading: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()

    def get(self, client_id: str) -> Integration | None:
        """The client's integration as last read; None when it has none, or it was ended by a tombstone."""
        return self._by_client.get(client_id)

    async def start(self) -> None:
        """Read all there is, then go on in the background."""
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        self._reading = asyncio.create_task(self._read_on())
        self._reading.add_done_callback(self._look)
        await self.read_to_end()

    async def read_to_end(self) -> None:
        """Wait until everything that the topic held when this was called is known.

        Raises:
            ReadingEndedError: it is not read any more; ``on_crash`` was told why.
        """
        ends = await self._consumer.end_offsets(self._partitions)
        async with self._moved:
            while [tp for tp in self._partitions if await self._consumer.position(tp) < ends[tp]]:
                if self._reading is None or self._reading.done():
                    raise ReadingEndedError
                await self._moved.wait()

    async def _read_on(self) -> None:
        try:
            while True:
                batches = await self._consumer.getmany(timeout_ms=200)
                for records in batches.values():
                    for record in records:
                        self._take(record)
                async with self._moved:
                    self._moved.notify_all()
        finally:
            async with self._moved:
                self._moved.notify_all()

    def _take(self, record: ConsumerRecord) -> None:
        client_id = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self._by_client.pop(client_id, None)
            return
        try:
            self._by_client[client_id] = self._read(client_id, record.value)
            self.on_change(client_id)
        except UndecodableError as error:
            where = f"partition {record.partition} offset {record.offset}"
            log.warning("The integration record at %s is left out and kept as a dead letter: %s", where, error)
            self._on_bad_record(record, error)

    def _read(self, client_id: str, value: bytes) -> Integration:
        integration = self._codec.decode(Integration, value)
        if integration.client_id != client_id:
            raise UndecodableError(
                f"The record's key {client_id!r} is not its client_id {integration.client_id!r}.", code="invalid"
            )
        return integration

    def _look(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_crash(error)

    async def stop(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        await self._consumer.stop()
