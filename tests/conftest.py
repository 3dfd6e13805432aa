import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

import pytest
from hypothesis import HealthCheck, settings

from devkit.broker import Broker, KindChoice, start_broker
from tests.support.slowness import patient

# How long an example takes depends on what else the machine does.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

MARKED_FIXTURES = frozenset({"kafka", "browser", "docker"})
"""Fixtures that start something real; tests that use one carry its name as a marker."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures that they use, and give each test as much more time as the machine is slower.

    ``--timeout`` on the command line counts as it is.
    """
    for item in items:
        for fixture in MARKED_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(fixture)
    if config.getoption("timeout") is not None:
        return
    for item in items:
        marker = item.get_closest_marker("timeout")
        seconds = float(config.getini("timeout")) if marker is None else float(marker.args[0])
        item.add_marker(pytest.mark.timeout(patient(seconds)), append=False)


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
