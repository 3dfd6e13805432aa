import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devkit.broker import start_broker
from tests.support.world import World, world_of


@pytest.fixture
async def world_alone(tmp_path: Path) -> AsyncIterator[World]:
    """A two-way client on a Kafka of its own: what an enemy writes there, no other test's workers read."""
    environ = {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
    with start_broker(environ=environ) as broker:
        async with world_of(broker.bootstrap, tmp_path) as made:
            yield made
