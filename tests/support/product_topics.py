"""The product's own topics, on the session's Kafka. Tests keep apart by the ids of their clients and runs."""

import uuid
from typing import TypeVar

from confluent_kafka.admin import AdminClient
from uuid_utils import uuid7

from messaging.topic_admin import create_topics, partition_count
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.message import Message
from schemas.topics import Topic
from schemas.wire.codec import Codec
from tests.support.slowness import patient
from tests.support.topics import QUIET

CODEC = Codec()
M = TypeVar("M", bound=Message)


def ensure_topics(bootstrap: str) -> str:
    """Create those that are missing; the bootstrap address again."""
    create_topics(AdminClient({"bootstrap.servers": bootstrap, **QUIET}))
    return bootstrap


def partitions_of(bootstrap: str, topic: Topic) -> int:
    return partition_count(AdminClient({"bootstrap.servers": bootstrap, **QUIET}), topic)


def new_client() -> str:
    return f"client-{uuid.uuid4().hex[:12]}"


def new_run() -> str:
    return str(uuid7())


def records_of(bootstrap: str, topic: Topic, key_prefix: str) -> list[ConsumedRecord]:
    """The records whose key begins so."""
    with TopicReader(bootstrap, [topic.name], seconds=patient(30)) as reader:
        return [record for record in reader.to_end() if (record.key or b"").startswith(key_prefix.encode())]


def messages_of(bootstrap: str, topic: Topic, kind: type[M], key_prefix: str) -> list[M]:
    """Those records, decoded."""
    return [CODEC.decode(kind, record.value) for record in records_of(bootstrap, topic, key_prefix)]
