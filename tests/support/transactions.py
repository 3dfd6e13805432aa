"""Another team's producer, which writes transactions."""

from collections.abc import Iterable

from confluent_kafka import Producer

from tests.support.slowness import patient
from tests.support.topics import QUIET, unique

SECONDS = 30.0


class Transactions:
    """One transaction after another. A record is a key and a value."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "transactional.id": unique("transactions"),
                "partitioner": "murmur2_random",
                **QUIET,
            }
        )
        self._producer.init_transactions(patient(SECONDS))

    def open(self, topic: str, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Begin a transaction; the brokers have its records, each on the partition of its key, when this returns."""
        self._producer.begin_transaction()
        for key, value in records:
            self._producer.produce(topic, key=key, value=value)
        assert self._producer.flush(patient(SECONDS)) == 0

    def commit(self) -> None:
        self._producer.commit_transaction(patient(SECONDS))

    def abort(self) -> None:
        self._producer.abort_transaction(patient(SECONDS))
