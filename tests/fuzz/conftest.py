from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.world import World, world_on_its_own


@pytest.fixture
async def world_alone(tmp_path: Path) -> AsyncIterator[World]:
    """A two-way client on a Kafka of its own: what an enemy writes there, no other test's workers read."""
    async with world_on_its_own(tmp_path) as made:
        yield made
