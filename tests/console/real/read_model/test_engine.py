"""The engine: migrations, transactions, addresses of databases."""

import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from console.read_model.projection.projected_offsets import projected, save_offsets
from console.read_model.store.engine import MIGRATIONS, migrate, open_engine, writing
from console.read_model.store.tables import metadata


def test_the_migrations_make_the_tables_as_declared(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert set(metadata.tables) | {"alembic_version"} == set(inspect(engine).get_table_names())


def test_integrations_are_read_again_where_a_database_held_the_readable_ones_only(url: str) -> None:
    opened = open_engine(url)
    with writing(opened) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "first")
        connection.execute(text("INSERT INTO clients (client_id, body) VALUES ('acme', '')"))
        for topic in ("vive.integration", "vive.vendor-record"):
            save_offsets(connection, {(topic, 0): 7}, {topic: "t1"})
    migrate(opened)
    with opened.connect() as connection:
        assert projected(connection) == ({("vive.vendor-record", 0): 7}, {"vive.vendor-record": "t1"})
    opened.dispose()


def test_several_may_migrate_at_once(url: str) -> None:
    failed: list[BaseException] = []

    def one() -> None:
        engine = open_engine(url)
        try:
            migrate(engine)
        except BaseException as error:  # noqa: BLE001 -- reported by the main thread
            failed.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_transaction_that_failed_writes_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO client_states VALUES ('acme', 'queued', true, 1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM client_states")).scalar_one() == 0


def test_a_reader_sees_the_state_before_while_another_one_writes(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO client_states VALUES ('acme', 'queued', true, 1)"))
        with engine.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM client_states")).scalar_one() == 0


def test_the_folder_of_a_new_file_is_made(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a/b/read-model.sqlite'}")
    migrate(engine)
    engine.dispose()
    assert (tmp_path / "a/b/read-model.sqlite").exists()


@pytest.mark.parametrize("url", ["mysql://root:hunter2@db/x", "no url at all: hunter2"])
def test_another_kind_of_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        open_engine(url)
    assert "PostgreSQL" in str(raised.value) or "postgresql" in str(raised.value)
    assert "hunter2" not in str(raised.value)
