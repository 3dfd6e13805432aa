import logging
import os
from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture(scope="session", autouse=True)
def session_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Everything that is logged during the session, for the search for secrets at its end."""
    path = tmp_path_factory.mktemp("session") / "session.log"
    handler = logging.FileHandler(path)
    root = logging.getLogger()
    root.addHandler(handler)
    for name in ("httpx", "aiohttp", "accounting", "processors"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield path
    root.removeHandler(handler)
    handler.close()
