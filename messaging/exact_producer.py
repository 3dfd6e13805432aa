"""Says records into a given partition or without a key, and tells where each was put."""

from collections.abc import Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, Message

from messaging.producer import BY_KEY, Delivered, KafkaVoice


class ToPut(NamedTuple):
    """A record to say. ``partition`` None: as the key says, or any one when there is no key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


class Put(NamedTuple):
    """Where a record was put."""

    topic: str
    partition: int
    offset: int


class ExactVoice(KafkaVoice):
    """A ``KafkaVoice`` for who must know where a record lies."""

    def put(self, records: Sequence[ToPut]) -> list[Put]:
        """Say all of them; where each lies, in their order, once the brokers have every one.

        Raises:
            KafkaAwayError: they do not have all within the time given.
        """
        puts: dict[int, Put] = {}
        failed: list[KafkaError] = []

        def reporter(number: int) -> Delivered:
            def delivered(error: KafkaError | None, message: Message) -> None:
                if error is not None:
                    failed.append(error)
                else:
                    puts[number] = Put(message.topic() or "", message.partition() or 0, message.offset() or 0)

            return delivered

        for number, record in enumerate(records):
            partition = BY_KEY if record.partition is None else record.partition
            self._produce(record.topic, record.key, record.value, reporter(number), partition=partition)
            if failed:
                break
        self._producer.flush(self._seconds + 1.0)
        if len(puts) < len(records):
            raise self._away(f"{len(records) - len(puts)} of {len(records)} records", failed)
        return [puts[number] for number in range(len(records))]
