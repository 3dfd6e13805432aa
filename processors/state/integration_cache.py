"""The integrations of all clients, read before the first event is handled and kept up to date."""

import logging
from collections.abc import Callable

from aiokafka import ConsumerRecord

from processors.known_schemas.held_records import HeldRecords, nothing_held
from processors.known_schemas.record_lane import RecordLane
from processors.whole_topics.whole_topic import OpenTopic
from schemas.client_integrations import ClientIntegrations, read_copy
from schemas.records.integration import KnownIntegration, UnreadableIntegration
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec, UndecodableError

log = logging.getLogger(__name__)

BadRecord = Callable[[ConsumerRecord, UndecodableError], None]


class Integrations:
    """Reads the whole of ``vive.integration``, without a consumer group, and goes on reading.

    ``on_change`` is called with the id of a client for which another integration is in force now, or none that can be read.
    """

    def __init__(
        self,
        *,
        partitions: int,
        codec: Codec,
        open_topic: OpenTopic,
        on_bad_record: BadRecord,
        held: HeldRecords | None = None,
    ) -> None:
        self._codec = codec
        self._on_bad_record = on_bad_record
        self._clients = ClientIntegrations()
        self._held = nothing_held() if held is None else held
        self.on_change: Callable[[str], None] = lambda _client_id: None
        self._partitions = partitions
        self._topic = open_topic(INTEGRATION, self._take_or_hold)

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
        await self._topic.start()

    async def read_to_end(self) -> None:
        """Wait until all records that the topic held at the time of the call are read. Calls at the same time share a look.

        Raises:
            ReadingEndedError: the integrations are no longer read; the topic's ``on_crash`` was called with the reason.
        """
        await self._topic.read_to_end()

    async def stop(self) -> None:
        """Stop reading."""
        await self._topic.stop()

    def _take_or_hold(self, record: ConsumerRecord) -> None:
        self._held.accept(record, lambda each: _lane(each.key), self._take)

    def _take(self, record: ConsumerRecord) -> None:
        try:
            copy = read_copy(record, self._codec, partitions=self._partitions)
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


def _lane(key: bytes | None) -> RecordLane:
    """All records of a client, whatever partition they are on."""
    return RecordLane("integration", 0, key)
