"""The integrations of all clients, read before the first event is handled and kept up to date."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from faust.types import TP

from processors.known_schemas.held_records import HeldRecords, nothing_held
from processors.known_schemas.record_lane import RecordLane
from processors.state.shared_read import SharedRead
from processors.transport.new_client import groupless_consumer
from processors.transport.reading_watch import ReadingWatch
from processors.transport.topic_ends import TopicEnds
from schemas.client_integrations import ClientIntegrations, read_copy
from schemas.errors import ViveSyncError
from schemas.records.integration import KnownIntegration, UnreadableIntegration
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, UndecodableError

log = logging.getLogger(__name__)

POSITION_SECONDS: Final = 0.2
"""How long to wait for a position, which is unknown while the client looks it up."""

BadRecord = Callable[[ConsumerRecord, UndecodableError], None]


class ReadingEndedError(ViveSyncError, RuntimeError):
    """The integrations are no longer read, so nobody can wait until they are read to an offset."""

    def __init__(self) -> None:
        super().__init__("The integrations are not read any more.")


class Integrations:
    """Reads the whole of ``vive.integration``, without a consumer group, and goes on reading.

    ``on_change`` is called with the id of a client for which another integration is in force now, or none that can be read.
    ``on_crash`` is called with the error that ended the reading: a ``StalledError`` when records were not read for
    ``stall_timeout`` seconds.
    """

    def __init__(
        self,
        *,
        bootstrap: str,
        partitions: int,
        codec: Codec,
        ends: TopicEnds,
        stall_timeout: float,
        on_bad_record: BadRecord,
        on_crash: Callable[[BaseException], None],
        held: HeldRecords | None = None,
    ) -> None:
        self._consumer = groupless_consumer(bootstrap, auto_offset_reset="earliest")
        self._codec = codec
        self._on_bad_record = on_bad_record
        self._on_crash = on_crash
        self._clients = ClientIntegrations()
        self._held = nothing_held() if held is None else held
        self.on_change: Callable[[str], None] = lambda _client_id: None
        self._partitions = [TP(INTEGRATION.name, number) for number in range(partitions)]
        self._ends = ends
        self._watch = ReadingWatch(
            read_to=self._read_to, ends=ends, stall_timeout=stall_timeout, monotonic=time.monotonic
        )
        self._reading: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()
        self._shared_read = SharedRead(self._wait_until_read)

    def get(self, client_id: str) -> KnownIntegration:
        """Return the integration of a client that is in force by what was read last."""
        return self._clients.get(client_id)

    def hold_any(self) -> bool:
        """Whether integrations wait for their schemas."""
        return self._held.holds_any()

    def is_held(self, client_id: str) -> bool:
        """Whether a record of this client's integration was read that waits for its schema."""
        return self._held.holds(_lane(client_id.encode()))

    async def until_settled(self, client_id: str) -> None:
        """Wait until no record of this client's integration waits for its schema that was read before the call."""
        lane = _lane(client_id.encode())
        await self._held.passed_on(lambda each: each == lane)

    async def start(self) -> None:
        """Read the topic to its end, then go on in the background.

        Raises:
            StalledError: the reading makes no progress although Kafka answers.
        """
        await self._consumer.start()
        self._consumer.assign([TopicPartition(*tp) for tp in self._partitions])
        self._reading = asyncio.create_task(self._read_and_watch())
        self._reading.add_done_callback(self._look)
        try:
            await self.read_to_end()
        except ReadingEndedError:
            self._reading.result()
            raise

    async def read_to_end(self) -> None:
        """Wait until all records that the topic held at the time of the call are read. Calls at the same time share a look.

        Raises:
            ReadingEndedError: the integrations are no longer read; ``on_crash`` was called with the reason.
        """
        await self._shared_read()

    async def _wait_until_read(self) -> None:
        ends = await self._ends.known_ends(self._partitions)
        async with self._moved:
            while await self._is_behind(ends):
                if self._reading is None or self._reading.done():
                    raise ReadingEndedError
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
            batches = await self._consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    self._held.accept(record, lambda each: _lane(each.key), self._take)
            async with self._moved:
                self._moved.notify_all()

    def _take(self, record: ConsumerRecord) -> None:
        try:
            copy = read_copy(record, self._codec, partitions=len(self._partitions))
        except UndecodableError as error:
            if record.value is not None:  # A tombstone is how such a record is removed from the topic.
                self._keep_as_dead_letter(record, error)
            return
        for note in copy.notes():
            log.warning("%s", note)
        if isinstance(copy.content, UnreadableIntegration):
            self._keep_as_dead_letter(record, UndecodableError(copy.content.reason, code=copy.content.code))
            log.warning("Nothing is written for client %s until its integration can be read.", copy.client_id)
        if self._clients.take(copy):
            self.on_change(copy.client_id)

    def _keep_as_dead_letter(self, record: ConsumerRecord, error: UndecodableError) -> None:
        where = f"partition {record.partition} offset {record.offset}"
        log.warning("The integration record at %s can't be read and is kept as a dead letter: %s", where, error)
        self._on_bad_record(record, error)

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


def _lane(key: bytes | None) -> RecordLane:
    """All records of a client, whatever partition they are on."""
    return RecordLane("integration", 0, key)
