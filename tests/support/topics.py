"""Topics of a test's own."""

import uuid
from collections.abc import Iterable, Mapping

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.support.slowness import patient

QUIET = {"log_level": 0}


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:10]}"


def create_topic(bootstrap: str, name: str, *, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
    admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET})
    admin.create_topics([NewTopic(name, partitions, 1, config=dict(config or {}))])[name].result()
    return name


def produce(
    bootstrap: str,
    topic: str,
    records: Iterable[tuple[bytes | None, bytes | None]],
    *,
    partition: int = 0,
    headers: dict[str, str | bytes | None] | None = None,
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 1_000_000, **QUIET})
    for key, value in records:
        producer.produce(topic, key=key, value=value, partition=partition, headers=headers)
    assert producer.flush(patient(30)) == 0


def committed(bootstrap: str, group: str, topic: str, partition: int = 0) -> int | None:
    """The committed offset, None where there is none."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, **QUIET})
    try:
        (found,) = consumer.committed([TopicPartition(topic, partition)], timeout=patient(30))
    finally:
        consumer.close()
    return found.offset if found.offset >= 0 else None
