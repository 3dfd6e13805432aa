"""Says things on topics and waits until the brokers have them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

PARTITIONER: Final = "murmur2_random"
"""Java's partitioner, as all writers of vendor keys must use. librdkafka's own default is CRC32."""


LOG_LEVEL: Final = 2
"""librdkafka's own lines on standard error: critical ones alone. What matters is raised or logged by us."""


BY_KEY: Final = -1
"""As a partition, librdkafka's word for: as the key says."""

Delivered = Callable[[KafkaError | None, Message], None]
"""Told once what became of a record."""


class KafkaAwayError(RuntimeError):
    """Kafka did not take what was said in time. Nothing, or not all of it, was queued; the text is for a person."""


class Said(NamedTuple):
    """A record to say. ``value`` None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


class KafkaVoice:
    """A producer for short-lived users: acks=all, idempotent, and an answer within ``seconds``."""

    def __init__(self, bootstrap: str, *, seconds: float = 4.0, settings: Mapping[str, Any] | None = None) -> None:
        self._bootstrap = bootstrap
        self._seconds = seconds
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": PARTITIONER,
                "message.timeout.ms": int(seconds * 1000),
                "socket.timeout.ms": int(seconds * 1000),
                "linger.ms": 2,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 1_000_000,
                "log_level": LOG_LEVEL,
                **(settings or {}),
            }
        )

    def say(self, records: Iterable[Said]) -> int:
        """Say all of them; how many there were, once the brokers have every one.

        Raises:
            KafkaAwayError: they do not have all within the time given.
        """
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        count = 0
        for count, record in enumerate(records, start=1):  # noqa: B007 -- the count is what is returned
            self._produce(record.topic, record.key, record.value, delivered)
            if failed:
                break
        left = self._producer.flush(self._seconds + 1.0)
        if left or failed:
            raise self._away(f"{left + len(failed)} of the records", failed)
        return count

    def _produce(
        self, topic: str, key: bytes | None, value: bytes | None, delivered: Delivered, *, partition: int = BY_KEY
    ) -> None:
        """Hand one record to the producer, once there is room for it.

        Raises:
            KafkaAwayError: the producer refuses it.
        """
        while True:
            try:
                self._producer.produce(topic, key=key, value=value, partition=partition, on_delivery=delivered)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise KafkaAwayError(f"Kafka does not take the record: {error.args[0].str()}.") from error
            else:
                return

    def _away(self, what: str, failed: Sequence[KafkaError]) -> KafkaAwayError:
        """Give up what was not delivered; the error that says so."""
        self._producer.purge()
        why = failed[0].str() if failed else "no answer"
        return KafkaAwayError(
            f"Kafka at {self._bootstrap} did not take {what} within "
            f"{self._seconds:.0f} seconds ({why}). Nothing is lost: try again when it is back."
        )
