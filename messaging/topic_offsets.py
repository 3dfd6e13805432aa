"""Where partitions begin and end, and where a moment lies in them."""

import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from messaging.producer import KafkaUnavailableError
from messaging.topic_admin import admin_of

PartitionId = tuple[str, int]
"""A topic and the number of one of its partitions."""
Offsets = dict[PartitionId, int]
"""An offset in each of some partitions."""

NOTHING_SINCE: Final = -1
"""Kafka's answer for a time after a partition's last record."""
POLL_SECONDS: Final = 0.05


class TopicOffsets:
    """Asks the brokers on a connection of its own: a consumer's answers wait behind its fetches, a tenth of a second each."""

    def __init__(self, bootstrap: str, *, seconds: float) -> None:
        self._bootstrap = bootstrap
        self._seconds = seconds
        self._admin = admin_of(bootstrap)

    def begins(self, places: Iterable[PartitionId]) -> Offsets:
        """The first offset that each partition still holds.

        Raises:
            KafkaUnavailableError: the brokers do not tell within the seconds given, or a topic is gone.
        """
        return self._ask(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def ends(self, places: Iterable[PartitionId]) -> Offsets:
        """The offset behind the last record of each partition, now.

        Raises:
            KafkaUnavailableError: the brokers do not tell within the seconds given, or a topic is gone.
        """
        return self._ask(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def since(self, places: Iterable[PartitionId], moment_ms: int) -> Offsets:
        """The first record of ``moment_ms`` (Unix time, milliseconds) or later in each partition, or its end.

        The ends are asked for first. "Wherever the end is when it is read" would miss what is said until then.

        Raises:
            KafkaUnavailableError: the brokers do not tell within the seconds given, or a topic is gone.
        """
        places = tuple(places)
        ends = self.ends(places)
        found = self._ask(places, OffsetSpec.for_timestamp(moment_ms))
        return {place: ends[place] if offset == NOTHING_SINCE else offset for place, offset in found.items()}

    def _ask(self, places: Iterable[PartitionId], spec: OffsetSpec) -> Offsets:
        asked = {TopicPartition(*place): spec for place in places}
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                futures = self._admin.list_offsets(
                    asked, request_timeout=max(deadline - time.monotonic(), POLL_SECONDS)
                )
                return {(place.topic, place.partition): future.result().offset for place, future in futures.items()}
            except KafkaException as error:
                # Brokers refuse in many ways while a partition is new, changes its leader, or they have just started.
                if time.monotonic() > deadline:
                    raise KafkaUnavailableError(
                        f"Kafka at {self._bootstrap} does not tell its offsets: {error.args[0].str()}."
                    ) from error
            time.sleep(POLL_SECONDS)
