"""What the worker's group has committed, with the metadata of the commits."""

import json
from datetime import datetime
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from schemas.topics import APP_ID, Topic
from tests.support.slowness import patient
from tests.support.topics import QUIET


class Commit(NamedTuple):
    """A committed offset, and the time and topic id that the commit carries."""

    offset: int
    at: datetime | None
    topic_id: str


def commits(bootstrap: str, topic: Topic, partitions: int) -> dict[int, Commit]:
    """The commits of a topic by partition, without partitions that have none."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": APP_ID, **QUIET})
    try:
        asked = [TopicPartition(topic.name, number) for number in range(partitions)]
        found = consumer.committed(asked, timeout=patient(30))
    finally:
        consumer.close()
    return {each.partition: _commit(each) for each in found if each.offset >= 0}


def _commit(found: TopicPartition) -> Commit:
    carried = json.loads(found.metadata or "")
    at = carried["at"]
    return Commit(found.offset, None if at is None else datetime.fromisoformat(at), carried["topic"])
