"""Produces records and waits until the brokers have them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.errors import ViveSyncError
from schemas.topics import SCHEMA
from schemas.wire.known_schemas import key_of, published_form
from schemas.wire.record_schema import named_fingerprint

PARTITIONER: Final = "murmur2_random"
"""Java's partitioner, as all producers of vendor keys must use. librdkafka's own default is CRC32."""
LOG_LEVEL: Final = 2
"""Only critical lines of librdkafka reach standard error. What matters is raised or logged by the product."""
FLUSH_SECONDS: Final = 1.0
"""How long delivery reports may take beyond the time limit of the records."""
METADATA_SECONDS: Final = 0.3
BY_KEY: Final = -1
"""librdkafka's partition number for "the partitioner decides"."""

IDEMPOTENT: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": PARTITIONER,
    "compression.type": "lz4",
    "log_level": LOG_LEVEL,
}
"""The settings that every producer of the product has; time limits and queues depend on the caller."""

Delivered = Callable[[KafkaError | None, Message], None]
"""Called once with the delivery report of a record."""


class KafkaUnavailableError(ViveSyncError, RuntimeError):
    """The brokers did not confirm the records in time: none, or not all, are queued. The text is for a person."""


class OutgoingRecord(NamedTuple):
    """A record to produce.

    ``value`` None is a tombstone. Without a ``partition`` the key chooses it; without a key it is a random one.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class RecordPosition(NamedTuple):
    """The position of a record on its topic."""

    topic: str
    partition: int
    offset: int


class BlockingProducer:
    """An idempotent producer (acks=all) for short-lived callers. Every call returns within about ``seconds``.

    Before the first record that is written with a schema of this release, the brokers have that schema on ``vive.schema``.
    """

    def __init__(self, bootstrap: str, *, seconds: float = 4.0, settings: Mapping[str, Any] | None = None) -> None:
        self._bootstrap = bootstrap
        self._seconds = seconds
        self._spent = 0.0
        """How much of the time of the present call has gone by until the schemas were there."""
        self._published_schemas: set[bytes] = set()
        self._producer = Producer(
            {
                **IDEMPOTENT,
                "bootstrap.servers": bootstrap,
                "message.timeout.ms": int(seconds * 1000),
                "socket.timeout.ms": int(seconds * 1000),
                "linger.ms": 2,
                "queue.buffering.max.messages": 1_000_000,
                **(settings or {}),
            }
        )

    def publish(self, records: Iterable[OutgoingRecord]) -> int:
        """Produce all records.

        Returns:
            Their number, once the brokers have all of them.

        Raises:
            KafkaUnavailableError: the brokers do not have all of them in time.
        """
        self._spent = 0.0
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        count = 0
        for count, record in enumerate(records, start=1):  # noqa: B007 -- the count is what is returned
            self._publish_schema_of(record)
            self._produce(record, delivered)
            if failed:
                break
        left = self._flush()
        if left or failed:
            raise self._unavailable(f"{left + len(failed)} of the records", failed)
        return count

    def produce_at(self, records: Sequence[OutgoingRecord]) -> list[RecordPosition]:
        """Produce all records.

        Returns:
            The position of each, in their order, once the brokers have all of them.

        Raises:
            KafkaUnavailableError: the brokers do not have all of them in time.
        """
        self._spent = 0.0
        positions: dict[int, RecordPosition] = {}
        failed: list[KafkaError] = []

        def reporter(number: int) -> Delivered:
            def delivered(error: KafkaError | None, message: Message) -> None:
                if error is not None:
                    failed.append(error)
                else:
                    positions[number] = RecordPosition(
                        message.topic() or "", message.partition() or 0, message.offset() or 0
                    )

            return delivered

        for number, record in enumerate(records):
            self._publish_schema_of(record)
            self._produce(record, reporter(number))
            if failed:
                break
        self._flush()
        if len(positions) < len(records):
            raise self._unavailable(f"{len(records) - len(positions)} of {len(records)} records", failed)
        return [positions[number] for number in range(len(records))]

    def _flush(self) -> int:
        """Wait for the delivery reports, and return how many are still missing when the time is over."""
        return self._producer.flush(max(self._seconds + FLUSH_SECONDS - self._spent, 0.0))

    def _publish_schema_of(self, record: OutgoingRecord) -> None:
        """Wait until the brokers have the schema that the record was written with, if it is one of this release.

        Raises:
            KafkaUnavailableError: they do not have it in time.
        """
        fingerprint = named_fingerprint(record.value)
        schema = None if fingerprint is None else published_form(fingerprint)
        if fingerprint is None or schema is None or fingerprint in self._published_schemas:
            return
        began = time.monotonic()
        reports: list[KafkaError | None] = []
        self._produce(
            OutgoingRecord(SCHEMA.name, key_of(fingerprint), schema), lambda error, _message: reports.append(error)
        )
        self._flush()
        failed = [error for error in reports if error is not None]
        if failed or not reports:
            self._refuse_missing_topic()
            raise self._unavailable("any of the records", failed)
        self._published_schemas.add(fingerprint)
        self._spent += time.monotonic() - began

    def _refuse_missing_topic(self) -> None:
        """Raise the error of a missing ``vive.schema``: to librdkafka a missing topic looks like slow brokers."""
        with suppress(KafkaException):  # the brokers do not answer, which the caller reports
            topics = self._producer.list_topics(SCHEMA.name, timeout=METADATA_SECONDS).topics
            if topics[SCHEMA.name].error is not None:
                self._producer.purge()
                raise KafkaUnavailableError(
                    f"Kafka at {self._bootstrap} has no topic {SCHEMA.name}. Nothing was sent. Create it with `vive-sync topics`."
                )

    def _produce(self, record: OutgoingRecord, delivered: Delivered) -> None:
        """Hand one record to librdkafka, once its queue has room for it.

        Raises:
            KafkaUnavailableError: librdkafka refuses it.
        """
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    partition=BY_KEY if record.partition is None else record.partition,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise KafkaUnavailableError(f"Kafka does not take the record: {error.args[0].str()}.") from error
            else:
                return

    def _unavailable(self, what: str, failed: Sequence[KafkaError]) -> KafkaUnavailableError:
        """Drop the records that were not delivered, and return the error that reports them."""
        self._producer.purge()
        why = failed[0].str() if failed else "no answer"
        return KafkaUnavailableError(
            f"Kafka at {self._bootstrap} did not take {what} within "
            f"{self._seconds:.0f} seconds ({why}). Nothing is lost: try again when it is back."
        )
