import uuid
from time import time_ns

import pytest

from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from messaging.topic_admin import admin_of, create_topics
from messaging.topic_reader import TopicReader
from schemas.topics import Topic
from tests.support.eventually import eventually
from tests.support.free_port import free_port
from tests.support.slowness import patient

PARTITIONS = 40


def a_topic(bootstrap: str, *, partitions: int) -> str:
    """A fresh one, empty."""
    name = f"read-{uuid.uuid4().hex}"
    topic = Topic(name=name, key="any", retention_ms=60_000_000, description="of a test")
    create_topics(admin_of(bootstrap), partitions=partitions, topics=[topic])
    return name


def now_ms() -> int:
    return time_ns() // 1_000_000


@pytest.mark.parametrize("_round", range(3))
def test_no_record_is_missed_that_is_produced_after_the_start(bootstrap: str, _round: int) -> None:
    topic = a_topic(bootstrap, partitions=PARTITIONS)
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    produced = {uuid.uuid4().bytes for _ in range(10 * PARTITIONS)}
    read: set[bytes | None] = set()

    def all_is_read() -> bool:
        read.update(record.key for record in reader.poll(0.1))
        return read == produced

    with TopicReader(bootstrap, [topic], since_ms=now_ms() - 60_000, seconds=patient(30)) as reader:
        producer.publish([OutgoingRecord(topic, key, b"value") for key in produced])
        eventually(all_is_read)


def test_what_is_older_than_asked_for_is_left_out(bootstrap: str) -> None:
    topic = a_topic(bootstrap, partitions=1)
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    producer.publish([OutgoingRecord(topic, b"old", b"value")])
    with TopicReader(bootstrap, [topic], since_ms=now_ms() + 60_000, seconds=patient(30)) as reader:
        assert list(reader.to_end()) == []
    with TopicReader(bootstrap, [topic], seconds=patient(30)) as reader:
        assert [record.key for record in reader.to_end()] == [b"old"]


def test_without_kafka_it_fails_with_a_sentence() -> None:
    with pytest.raises(KafkaUnavailableError, match="does not"):
        TopicReader(f"127.0.0.1:{free_port()}", ["any"], since_ms=0, seconds=0.5)
