"""Says records into a given partition or without a key, and tells where each was put."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message

from producers.kafka import KafkaAwayError, KafkaVoice

BY_KEY: Final = -1
"""librdkafka's word for: as the key says."""


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

        def reporter(number: int) -> Callable[[KafkaError | None, Message], None]:
            def delivered(error: KafkaError | None, message: Message) -> None:
                if error is not None:
                    failed.append(error)
                else:
                    puts[number] = Put(message.topic() or "", message.partition() or 0, message.offset() or 0)

            return delivered

        for number, record in enumerate(records):
            self._put(record, reporter(number))
            if failed:
                break
        self._producer.flush(self._seconds + 1.0)
        if len(puts) < len(records):
            self._producer.purge()
            why = failed[0].str() if failed else "no answer"
            raise KafkaAwayError(
                f"Kafka at {self._bootstrap} did not take {len(records) - len(puts)} of {len(records)} records within "
                f"{self._seconds:.0f} seconds ({why}). Nothing is lost: try again when it is back."
            )
        return [puts[number] for number in range(len(records))]

    def _put(self, record: ToPut, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        partition = BY_KEY if record.partition is None else record.partition
        while True:
            try:
                self._producer.produce(
                    record.topic, key=record.key, value=record.value, partition=partition, on_delivery=delivered
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise KafkaAwayError(f"Kafka does not take the record: {error.args[0].str()}.") from error
            else:
                return
