"""What a migration asks the brokers and changes on them, besides records."""

import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from messaging.topic_admin import TopicsError, admin_of
from messaging.topic_offsets import Offsets, PartitionId, TopicOffsets
from messaging.topic_reader import groupless_consumer
from messaging.topic_settings import default_replicas, set_settings
from schemas.topics import APP_ID, min_insync_replicas

SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
CLOSED: Final = {"max.message.bytes": "1"}
"""The brokers refuse every record of a topic with this setting, and readers notice nothing."""
KEEP_ALL: Final = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "max.message.bytes": "100000000",
}
"""The settings of topics that exist during a migration only: no record is removed."""


class Cluster:
    """The brokers of one Kafka."""

    def __init__(self, bootstrap: str, *, replication: int | None) -> None:
        self.bootstrap = bootstrap
        self.admin: AdminClient = admin_of(bootstrap)
        self._replication = replication

    def partitions(self, topic: str) -> int | None:
        """The number of the topic's partitions; None where there is no such topic."""
        try:
            found = self.admin.list_topics(topic, timeout=SECONDS).topics[topic]
        except KafkaException as error:
            raise TopicsError(f"Kafka at {self.bootstrap} does not answer: {error.args[0].str()}.") from error
        if found.error is None:
            return len(found.partitions)
        if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise TopicsError(f"Kafka does not describe topic {topic}: {found.error.str()}. Run the command again.")

    def workers(self) -> int:
        """How many workers are members of the consumer group."""
        try:
            # Kafka may have no coordinator yet for a group that never was: it is not asked about such a one.
            listed = self.admin.list_consumer_groups(request_timeout=SECONDS).result()
            if APP_ID not in {group.group_id for group in listed.valid}:
                return 0
            (future,) = self.admin.describe_consumer_groups([APP_ID], request_timeout=SECONDS).values()
            return len(future.result().members)
        except KafkaException as error:
            raise TopicsError(f"Kafka does not describe the consumer group {APP_ID}: {error.args[0].str()}.") from error

    def create(self, topic: str, partitions: int) -> None:
        """Create a topic that keeps all its records, and wait until it can be written."""
        replicas = self._replication or default_replicas(self.admin)
        config = {**KEEP_ALL, "min.insync.replicas": str(min_insync_replicas(replicas))}
        (future,) = self.admin.create_topics(
            [NewTopic(topic, partitions, replicas, config=config)], request_timeout=SECONDS
        ).values()
        try:
            future.result()
        except KafkaException as error:
            raise TopicsError(f"Topic {topic} can't be created: {error.args[0].str()}.") from error
        self.wait_for(topic, partitions)

    def delete(self, topics: Iterable[str]) -> None:
        """Delete these topics where they exist, and wait until they are gone."""
        topics = list(topics)
        for name, future in self.admin.delete_topics(topics, request_timeout=SECONDS).items():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise TopicsError(f"Topic {name} can't be deleted: {error.args[0].str()}.") from error
        for name in topics:
            self.wait_for(name, None)

    def wait_for(self, topic: str, partitions: int | None) -> None:
        """Wait until the brokers know the topic with so many partitions; None: until they do not know it any more."""
        deadline = time.monotonic() + SECONDS
        while self.partitions(topic) != partitions:
            if time.monotonic() > deadline:
                raise TopicsError(f"Kafka does not show the change of topic {topic} after {SECONDS:.0f} s.")
            time.sleep(POLL_SECONDS)

    def close(self, topics: Iterable[str]) -> None:
        """Have the brokers refuse every record of these topics.

        Raises:
            TopicsError: a transaction is open, whose end would be refused too.
        """
        topics = list(topics)
        self._refuse_open_transactions(topics)
        set_settings(self.admin, dict.fromkeys(topics, CLOSED))
        self._refuse_open_transactions(topics)

    def _refuse_open_transactions(self, topics: Iterable[str]) -> None:
        places, offsets = self._places(topics), self._offsets()
        stable, ends = offsets.ends(places), offsets.ends_of_the_log(places)
        for topic in sorted({place[0] for place in places if stable[place] != ends[place]}):
            raise TopicsError(
                f"A transaction is open on topic {topic}, so its records can't be copied: stop the producer that began it, "
                "wait until it has ended, and run the command again."
            )

    def ends(self, topics: Iterable[str]) -> Offsets:
        """The offset behind the last record of each partition, without those of an open transaction."""
        return self._offsets().ends(self._places(topics))

    def _offsets(self) -> TopicOffsets:
        """A new client at each request: librdkafka remembers the partitions of a topic that was deleted since."""
        return TopicOffsets(self.bootstrap, seconds=SECONDS)

    def _places(self, topics: Iterable[str]) -> list[PartitionId]:
        return [(topic, number) for topic in topics for number in range(self.partitions(topic) or 0)]

    def finished(self, topic: str) -> dict[int, int]:
        """By partition, the first offset that the workers have not finished; 0 where nothing was committed."""
        consumer = groupless_consumer(self.bootstrap, group_id=APP_ID)
        try:
            committed = consumer.committed([TopicPartition(*each) for each in self._places([topic])], timeout=SECONDS)
        except KafkaException as error:
            raise TopicsError(
                f"Kafka does not return the committed offsets of {topic}: {error.args[0].str()}."
            ) from error
        finally:
            consumer.close()
        return {each.partition: max(each.offset, 0) for each in committed}

    def read_from_the_beginning(self, topics: Iterable[str]) -> None:
        """Have workers read these topics from their beginning. Offsets committed for deleted topics may still be there."""
        consumer = groupless_consumer(self.bootstrap, group_id=APP_ID)
        try:
            consumer.commit(
                offsets=[
                    TopicPartition(topic, number, 0)
                    for topic in topics
                    for number in range(self.partitions(topic) or 0)
                ],
                asynchronous=False,
            )
        except KafkaException as error:
            raise TopicsError(f"The committed offsets of {APP_ID} can't be changed: {error.args[0].str()}.") from error
        finally:
            consumer.close()
