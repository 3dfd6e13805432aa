"""Takes records from a compacted topic, as compaction does with a deleted vendor's once its tombstone is old enough."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from messaging.topic_admin import admin_of
from schemas.topics import Topic
from tests.support.slowness import patient


def lose_records(bootstrap: str, topic: Topic, partition: int, *, before: int) -> None:
    """Take all records of the partition before this offset. Kafka does so only on a topic that is not just compacted."""
    _set_policy(bootstrap, topic, "compact,delete")
    asked = [TopicPartition(topic.name, partition, before)]
    admin = admin_of(bootstrap)
    for deleted in admin.delete_records(asked, request_timeout=patient(30)).values():
        deleted.result()
    _set_policy(bootstrap, topic, "compact")


def _set_policy(bootstrap: str, topic: Topic, policy: str) -> None:
    entry = ConfigEntry("cleanup.policy", policy, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
    admin = admin_of(bootstrap)
    for altered in admin.incremental_alter_configs([resource], request_timeout=patient(30)).values():
        altered.result()
