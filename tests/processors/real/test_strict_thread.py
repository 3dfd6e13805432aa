"""A broker that has just started tells of no topics at first: nobody may be given nothing for that."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient

from devkit.broker import Broker
from processors.transport.strict_transport import StrictTransport
from tests.processors.real.test_strict_transport import Reading, app_of, running
from tests.support.eventually import eventually_async
from tests.support.topics import create_topic, produce, unique

UNTOLD = 4


async def test_a_broker_that_tells_of_no_topics_yet_is_asked_again(
    kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = create_topic(kafka.bootstrap, unique("untold"))
    produce(kafka.bootstrap, topic, [(b"k", b"first")])
    app = app_of(kafka, StrictTransport, tmp_path)
    reading = Reading(app, topic)
    asked = 0
    update = AIOKafkaClient._metadata_update  # noqa: SLF001

    async def told_later(self: AIOKafkaClient, cluster: Any, topics: Any) -> Any:
        nonlocal asked
        result = await update(self, cluster, topics)
        if topics and topic in topics:
            asked += 1
            if asked <= UNTOLD:
                cluster._partitions.pop(topic, None)  # noqa: SLF001
        return result

    monkeypatch.setattr(AIOKafkaClient, "_metadata_update", told_later)
    async with running(app):
        await eventually_async(lambda: reading.offsets == [0], seconds=15)
    assert asked > UNTOLD
