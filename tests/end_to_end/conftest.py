import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devkit.broker import Broker, LocalBroker, start_broker
from tests.support.product_topics import ensure_topics
from tests.support.world import World, world_of, world_on_its_own


@pytest.fixture
async def world(kafka: Broker, tmp_path: Path) -> AsyncIterator[World]:
    """A two-way client of its own that pushes everything."""
    async with world_of(kafka.bootstrap, tmp_path) as made:
        yield made


@pytest.fixture
async def world_of_record(kafka: Broker, tmp_path: Path) -> AsyncIterator[World]:
    """A System of Record client of its own that pushes everything."""
    async with world_of(kafka.bootstrap, tmp_path, mode="system_of_record") as made:
        yield made


@pytest.fixture
async def world_alone(tmp_path: Path) -> AsyncIterator[World]:
    """A two-way client on a Kafka of its own."""
    async with world_on_its_own(tmp_path) as made:
        yield made


@pytest.fixture
def broker() -> Iterator[LocalBroker]:
    """A Kafka that the test may stop and start."""
    with LocalBroker.start() as started:
        yield started


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[str]:
    """The address of a Kafka with all topics that only the tests of one module use."""
    environ = {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
    with start_broker(environ=environ) as started:
        yield ensure_topics(started.bootstrap)
