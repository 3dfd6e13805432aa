"""Fixtures of all console tests."""

import pytest

from devkit.broker import Broker
from tests.support.product_topics import ensure_topics


@pytest.fixture(scope="session")
def bootstrap(kafka: Broker) -> str:
    """A Kafka with the product's topics."""
    return ensure_topics(kafka.bootstrap)
