"""Says things on topics and waits until the brokers have them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

PARTITIONER: Final = "murmur2_random"
"""Java's partitioner, as all writers of vendor keys must use. librdkafka's own default is CRC32."""


LOG_LEVEL: Final = 2
"""librdkafka's own lines on standard error: critical ones alone. What matters is raised or logged by us."""


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
            while True:
                try:
                    self._producer.produce(record.topic, key=record.key, value=record.value, on_delivery=delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
                except KafkaException as error:
                    raise KafkaAwayError(f"Kafka does not take the record: {error.args[0].str()}.") from error
            if failed:
                break
        left = self._producer.flush(self._seconds + 1.0)
        if left or failed:
            self._producer.purge()
            why = failed[0].str() if failed else "no answer"
            raise KafkaAwayError(
                f"Kafka at {self._bootstrap} did not take {left + len(failed)} of the records within "
                f"{self._seconds:.0f} seconds ({why}). Nothing is lost: try again when it is back."
            )
        return count
