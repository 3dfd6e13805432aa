"""Clients of Kafka beside the worker's own: to read without a group, and to ask whether Kafka answers.

Kafka is asked with a client that is made for the question: one that is kept may have lost its connections for good.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from messaging.isolation import READ_COMMITTED
from messaging.topic_admin import admin_of
from processors.bounded_wait import in_a_thread
from schemas.topics import VENDOR_SYNC

ANSWER_SECONDS: Final = 5.0
MARGIN_SECONDS: Final = 1.0
"""Seconds that a thread may take beyond the time limit of its request before nobody waits for it."""


def groupless_consumer(bootstrap: str, **settings: Any) -> AIOKafkaConsumer:
    """A consumer that joins no group and commits nothing; ``settings`` are aiokafka's. It is not started."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        isolation_level=READ_COMMITTED,
        **settings,
    )


def is_answered(client: Producer | AdminClient, seconds: float) -> bool:
    """Whether a broker answers the client's request for metadata within so many seconds, and names brokers.

    It blocks. A broker that has just started may answer that there are none.
    """
    try:
        return bool(client.list_topics(VENDOR_SYNC.name, timeout=seconds).brokers)
    except KafkaException:
        return False


async def kafka_answers(bootstrap: str) -> bool:
    """Whether Kafka answers a new client within five seconds."""
    return await in_time(lambda: is_answered(admin_of(bootstrap), ANSWER_SECONDS), ANSWER_SECONDS)


async def in_time(ask: Callable[[], bool], seconds: float) -> bool:
    """The answer to a question that blocks and has this time limit; False when it does not keep it."""
    try:
        return await asyncio.wait_for(in_a_thread(ask), seconds + MARGIN_SECONDS)
    except TimeoutError:
        return False
