"""First and end offsets of partitions, and the offsets of a point in time."""

import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
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
    """Requests offsets on a connection of its own: on a consumer's they wait behind fetches, a tenth of a second each.

    ``seconds`` is the longest that a request is repeated while the brokers refuse it.
    """

    def __init__(self, bootstrap: str, *, seconds: float) -> None:
        self._bootstrap = bootstrap
        self._seconds = seconds
        self._admin = admin_of(bootstrap)

    def begins(self, partitions: Iterable[PartitionId]) -> Offsets:
        """The first offset that each partition still has.

        Raises:
            KafkaUnavailableError: the brokers do not answer in time, or a topic does not exist.
        """
        return self._request(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def ends(self, partitions: Iterable[PartitionId]) -> Offsets:
        """The last stable offset of each partition, now: an open transaction lies behind it.

        Raises:
            KafkaUnavailableError: the brokers do not answer in time, or a topic does not exist.
        """
        return self._request(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def ends_of_the_log(self, partitions: Iterable[PartitionId]) -> Offsets:
        """The offset behind the last record of each partition, also of open transactions, now.

        Raises:
            KafkaUnavailableError: the brokers do not answer in time, or a topic does not exist.
        """
        return self._request(partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)  # type: ignore[no-untyped-call]

    def since(self, partitions: Iterable[PartitionId], moment_ms: int) -> Offsets:
        """The first record of ``moment_ms`` (Unix time, milliseconds) or later in each partition, or its end.

        The ends are requested first: an end that is read later would skip the records that are produced until then.

        Raises:
            KafkaUnavailableError: the brokers do not answer in time, or a topic does not exist.
        """
        partitions = tuple(partitions)
        ends = self.ends(partitions)
        found = self._request(partitions, OffsetSpec.for_timestamp(moment_ms))
        return {
            partition: ends[partition] if offset == NOTHING_SINCE else offset for partition, offset in found.items()
        }

    def _request(
        self,
        partitions: Iterable[PartitionId],
        spec: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_COMMITTED,
    ) -> Offsets:
        requests = {TopicPartition(*partition): spec for partition in partitions}
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                futures = self._admin.list_offsets(
                    requests,
                    isolation_level=isolation,
                    request_timeout=max(deadline - time.monotonic(), POLL_SECONDS),
                )
                return {(each.topic, each.partition): future.result().offset for each, future in futures.items()}
            except KafkaException as error:
                # Brokers refuse with many codes while a partition is new, changes its leader, or a broker has just started.
                if time.monotonic() > deadline:
                    raise KafkaUnavailableError(
                        f"Kafka at {self._bootstrap} does not tell its offsets: {error.args[0].str()}."
                    ) from error
            time.sleep(POLL_SECONDS)
