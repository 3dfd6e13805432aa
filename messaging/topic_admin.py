"""Creates and checks the declared topics, and reads their ids."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicDescription,
)

from schemas.errors import ViveSyncError
from schemas.topics import ALL, DEFAULT_PARTITIONS, Topic

SECONDS = 30.0
POLL_SECONDS = 0.05
BROKER_DEFAULT: Final = -1
"""As a number of replicas: the broker's default.replication.factor."""

LIBRDKAFKA_LOG_LEVEL: Final = 2
"""Only critical lines of librdkafka reach standard error. Errors are raised."""


def admin_of(bootstrap: str) -> AdminClient:
    """A client for Kafka's admin requests. Keep a reference while futures of it are pending: they end with it."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": LIBRDKAFKA_LOG_LEVEL})


class TopicsError(ViveSyncError, RuntimeError):
    """The topics are not as declared, or Kafka does not describe them. The text is for a person."""


def create_topics(
    admin: AdminClient,
    *,
    partitions: int = DEFAULT_PARTITIONS,
    replication: int = BROKER_DEFAULT,
    topics: Iterable[Topic] = ALL,
) -> list[str]:
    """Create the missing topics. Return the names of the created ones, once the brokers describe them.

    Raises:
        TopicsError: Kafka refuses one, or does not answer.
    """
    topics = tuple(topics)
    missing = [NewTopic(topic.name, partitions, replication, config=dict(topic.config())) for topic in topics]
    created = []
    for name, future in admin.create_topics(missing, operation_timeout=SECONDS, request_timeout=SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicsError(f"Topic {name} can't be created: {error.args[0].str()}.") from error
        else:
            created.append(name)
    _wait_until_described(admin, tuple(topic for topic in topics if topic.name in created))
    return sorted(created)


def check_topics(admin: AdminClient, topics: Iterable[Topic] = ALL) -> list[str]:
    """One sentence for each difference from the declaration; empty where there is none.

    Raises:
        TopicsError: Kafka does not answer.
    """
    topics = tuple(topics)
    described = _describe(admin, topics)
    problems = [f"Topic {topic.name} is missing." for topic in topics if topic.name not in described]
    counts = {name: len(description.partitions) for name, description in described.items()}
    if len(set(counts.values())) > 1:
        problems.append(
            "All topics must have the same number of partitions, but have "
            + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            + "."
        )
    problems += [
        f"Topic {topic.name} has cleanup.policy={policy}, declared is {topic.config()['cleanup.policy']}."
        for topic in topics
        if (policy := _cleanup_policy(admin, topic, described)) not in {None, topic.config()["cleanup.policy"]}
    ]
    return problems


def partition_count(admin: AdminClient, topic: Topic) -> int:
    """The number of the topic's partitions.

    Raises:
        TopicsError: the topic is missing, or Kafka does not answer.
    """
    return len(_existing(topic, _describe(admin, (topic,))).partitions)


def topic_id(admin: AdminClient, topic: Topic) -> str:
    """Kafka's id of the topic. A topic that is deleted and created again has another id.

    Raises:
        TopicsError: the topic is missing, or Kafka does not answer.
    """
    return topic_ids(admin, [topic])[topic.name]


def topic_ids(admin: AdminClient, topics: Iterable[Topic]) -> dict[str, str]:
    """Kafka's ids of the topics, by name; as ``topic_id``."""
    topics = tuple(topics)
    described = _describe(admin, topics)
    return {topic.name: str(_existing(topic, described).topic_id) for topic in topics}


def _existing(topic: Topic, described: Mapping[str, TopicDescription]) -> TopicDescription:
    if topic.name not in described:
        raise TopicsError(f"Topic {topic.name} is missing: create the topics with `vive-sync topics`.")
    return described[topic.name]


def _describe(admin: AdminClient, topics: tuple[Topic, ...]) -> Mapping[str, TopicDescription]:
    pending = admin.describe_topics(TopicCollection([topic.name for topic in topics]), request_timeout=SECONDS)
    described = {}
    for name, future in pending.items():
        try:
            described[name] = future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise TopicsError(f"Kafka does not tell about topic {name}: {error.args[0].str()}.") from error
    return described


def _wait_until_described(admin: AdminClient, topics: tuple[Topic, ...]) -> None:
    """Wait until the brokers describe new topics, which takes a moment after their creation."""
    deadline = time.monotonic() + SECONDS
    while topics and len(_describe(admin, topics)) < len(topics):
        if time.monotonic() > deadline:
            raise TopicsError(f"Kafka does not tell about the topics that it created {SECONDS:.0f} seconds ago.")
        time.sleep(POLL_SECONDS)


def _cleanup_policy(admin: AdminClient, topic: Topic, described: Mapping[str, TopicDescription]) -> str | None:
    if topic.name not in described:
        return None
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    (answer,) = admin.describe_configs([resource], request_timeout=SECONDS).values()
    try:
        return str(answer.result()["cleanup.policy"].value)
    except KafkaException as error:
        raise TopicsError(f"Kafka does not tell the settings of topic {topic.name}: {error.args[0].str()}.") from error
