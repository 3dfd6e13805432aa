"""Fixtures of the console's tests: a Kafka with the product's topics, and empty read models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.read_model.store.engine import migrate, open_engine
from devkit.broker import Broker
from tests.support.postgres import NoPostgresError, Postgres, running_postgres
from tests.support.product_topics import ensure_topics


@pytest.fixture(scope="session")
def bootstrap(kafka: Broker) -> str:
    """A Kafka with the product's topics."""
    return ensure_topics(kafka.bootstrap)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the session; each test has a database of its own."""
    try:
        with running_postgres() as running:
            yield running
    except NoPostgresError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'read-model.sqlite'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An empty read model."""
    opened = open_engine(url)
    migrate(opened)
    yield opened
    opened.dispose()
