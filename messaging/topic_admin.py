"""Creates, checks and repairs the declared topics, and reads their ids."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic, TopicDescription  # type: ignore[attr-defined]

from messaging.topic_differences import Expected, TopicState, declared_settings, differences, wrong_settings
from messaging.topic_settings import SECONDS, TopicsError, admin_of, default_replicas, set_settings, settings_of
from schemas.topics import ALL, DEFAULT_PARTITIONS, MIGRATION_MARKER, Topic

__all__ = [
    "TopicsError",
    "admin_of",
    "check_topics",
    "create_topics",
    "fix_topics",
    "partition_count",
    "partition_counts",
    "refuse_during_migration",
    "topic_id",
    "topic_ids",
]

POLL_SECONDS: Final = 0.05
MIGRATION_UNDER_WAY: Final = (
    "A migration of the topics to another number of partitions is not complete: run the same `vive-sync topics migrate` again. "
    "Nothing is lost meanwhile."
)


def create_topics(
    admin: AdminClient,
    *,
    partitions: int = DEFAULT_PARTITIONS,
    replication: int | None = None,
    topics: Iterable[Topic] = ALL,
) -> list[str]:
    """Create the missing topics. Return the names of the created ones, once the brokers describe them.

    ``replication`` None: the cluster's default.

    Raises:
        TopicsError: Kafka refuses one, or does not answer.
    """
    topics = tuple(topics)
    replicas = replication or default_replicas(admin)
    missing = [
        NewTopic(topic.name, partitions, replicas, config=declared_settings(topic, replicas=replicas))
        for topic in topics
    ]
    created = []
    for name, future in admin.create_topics(missing, operation_timeout=SECONDS, request_timeout=SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicsError(f"Topic {name} can't be created: {error.args[0].str()}.") from error
        else:
            created.append(name)
    _wait_until_described(admin, created)
    return sorted(created)


def check_topics(
    admin: AdminClient,
    topics: Iterable[Topic] = ALL,
    *,
    partitions: int | None = None,
    replication: int | None = None,
) -> list[str]:
    """One sentence for each difference from the declaration, which says how to fix it; empty where there is none.

    Args:
        admin: the client.
        topics: the topics to check.
        partitions: how many partitions each must have; None: any number, but all the same.
        replication: how many replicas each partition must have at least; None: the cluster's default.

    Raises:
        TopicsError: Kafka does not answer.
    """
    topics = tuple(topics)
    if _is_migrating(admin):
        return [MIGRATION_UNDER_WAY]
    expected = Expected(partitions=partitions, replicas=replication or default_replicas(admin))
    return differences(topics, _states(admin, topics), expected)


def fix_topics(admin: AdminClient, topics: Iterable[Topic] = ALL) -> dict[str, dict[str, str]]:
    """Set each setting as declared where it is not. Return the settings that were set, by topic.

    Raises:
        TopicsError: Kafka refuses, or does not answer.
    """
    topics = tuple(topics)
    states = _states(admin, topics)
    wrong = {topic.name: wrong_settings(topic, states[topic.name]) for topic in topics if topic.name in states}
    set_settings(admin, {name: settings for name, settings in wrong.items() if settings})
    return {name: settings for name, settings in wrong.items() if settings}


def refuse_during_migration(admin: AdminClient) -> None:
    """Raise where a migration is not complete: its topics must stay as they are.

    Raises:
        TopicsError: a migration is under way, or Kafka does not answer.
    """
    if _is_migrating(admin):
        raise TopicsError(MIGRATION_UNDER_WAY)


def _is_migrating(admin: AdminClient) -> bool:
    return bool(_describe(admin, [MIGRATION_MARKER]))


def partition_count(admin: AdminClient, topic: Topic) -> int:
    """The number of the topic's partitions.

    Raises:
        TopicsError: the topic is missing, or Kafka does not answer.
    """
    return len(_existing(topic, _describe(admin, [topic.name])).partitions)


def partition_counts(admin: AdminClient, topics: Iterable[Topic]) -> dict[str, int]:
    """The number of partitions of each of these topics that exists, by name.

    Raises:
        TopicsError: Kafka does not answer.
    """
    described = _describe(admin, [topic.name for topic in topics])
    return {name: len(description.partitions) for name, description in described.items()}


def topic_id(admin: AdminClient, topic: Topic) -> str:
    """Kafka's id of the topic. A topic that is deleted and created again has another id.

    Raises:
        TopicsError: the topic is missing, or Kafka does not answer.
    """
    return topic_ids(admin, [topic])[topic.name]


def topic_ids(admin: AdminClient, topics: Iterable[Topic]) -> dict[str, str]:
    """Kafka's ids of the topics, by name; as ``topic_id``."""
    topics = tuple(topics)
    described = _describe(admin, [topic.name for topic in topics])
    return {topic.name: str(_existing(topic, described).topic_id) for topic in topics}


def _existing(topic: Topic, described: Mapping[str, TopicDescription]) -> TopicDescription:
    if topic.name not in described:
        raise TopicsError(f"Topic {topic.name} is missing: create the topics with `vive-sync topics`.")
    return described[topic.name]


def _describe(admin: AdminClient, topics: Iterable[str]) -> Mapping[str, TopicDescription]:
    pending = admin.describe_topics(TopicCollection(list(topics)), request_timeout=SECONDS)
    described = {}
    for name, future in pending.items():
        try:
            described[name] = future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise TopicsError(f"Kafka does not tell about topic {name}: {error.args[0].str()}.") from error
    return described


def _wait_until_described(admin: AdminClient, topics: list[str]) -> None:
    """Wait until the brokers describe new topics, which takes a moment after their creation."""
    deadline = time.monotonic() + SECONDS
    while topics and len(_describe(admin, topics)) < len(topics):
        if time.monotonic() > deadline:
            raise TopicsError(f"Kafka does not tell about the topics that it created {SECONDS:.0f} seconds ago.")
        time.sleep(POLL_SECONDS)


def _states(admin: AdminClient, topics: tuple[Topic, ...]) -> dict[str, TopicState]:
    described = _describe(admin, [topic.name for topic in topics])
    settings = settings_of(admin, described)
    return {
        name: TopicState(
            partitions=len(description.partitions),
            replicas=min(len(partition.replicas) for partition in description.partitions),
            settings=settings[name],
        )
        for name, description in described.items()
    }
