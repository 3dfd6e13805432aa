import os
from collections.abc import Iterator
from typing import cast, get_args

import pytest

from devkit.broker import Broker, KindChoice, start_broker


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """One Kafka for the whole session; tests keep apart by the names of their topics and groups."""
    kind = os.environ.get("VIVE_SYNC_TEST_KAFKA_KIND", "auto")
    if kind not in get_args(KindChoice):
        raise pytest.UsageError(f"VIVE_SYNC_TEST_KAFKA_KIND is {kind}, not one of {', '.join(get_args(KindChoice))}")
    with start_broker(cast("KindChoice", kind)) as broker:
        yield broker
