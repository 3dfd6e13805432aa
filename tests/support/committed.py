"""What the worker's group has committed, with the metadata of the commits."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import APP_ID, Topic
from tests.support.slowness import patient


class Commit(NamedTuple):
    """A committed offset, and the time and topic id that the commit carries."""

    offset: int
    at: datetime | None
    topic_id: str


async def commit_of(bootstrap: str, topic: Topic, partition: int) -> Commit | None:
    """The commit of a partition; None where there is none.

    confluent-kafka returns metadata with bytes of other memory behind it.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        asked = TopicPartition(topic.name, partition)
        found = (await admin.list_consumer_group_offsets(APP_ID, partitions=[asked]))[asked]
    finally:
        await admin.close()
    if found.offset < 0:
        return None
    carried = json.loads(found.metadata)
    at = carried["at"]
    return Commit(found.offset, None if at is None else datetime.fromisoformat(at), carried["topic"])


async def until_commit(
    bootstrap: str, topic: Topic, partition: int, holds: Callable[[Commit], bool] = lambda _commit: True
) -> Commit:
    """The commit of a partition once there is one of which this holds."""
    async with asyncio.timeout(patient(20)):
        while True:
            found = await commit_of(bootstrap, topic, partition)
            if found is not None and holds(found):
                return found
            await asyncio.sleep(0.1)
