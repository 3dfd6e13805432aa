"""The database of the read model: SQLite or PostgreSQL, by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from console.read_model.store.tables import PROJECTED

BUSY_MS: Final = 15_000
"""How long a writer of SQLite waits for another one."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x5649_5645
"""PostgreSQL's advisory lock under which one migrates while the others wait."""


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///FILE`` (its folder is made), ``sqlite://`` (in memory) or ``postgresql://...``.

    Nothing is asked of the database yet.

    Raises:
        ValueError: it is another kind of URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # its text quotes the URL, and with it perhaps a password
        raise ValueError("The read model's database must be an URL, sqlite:///FILE or postgresql://...") from None
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"The read model's database must be SQLite or PostgreSQL, not {parsed.get_backend_name()}.")
    in_memory = parsed.database in {None, "", ":memory:"}
    if not in_memory:
        Path(str(parsed.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, **({"poolclass": StaticPool} if in_memory else {"pool_size": 10}))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and only before a write
    # A batch of the projector is some megabytes: the log is copied into the file every few of them.
    pragmas = (
        "wal_autocheckpoint=8000",
        "cache_size=-32000",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that writes takes the lock at once: one that reads first can't wait for another writer, it can only fail.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that only reads, and reads one state of the database however many statements it makes."""
    with engine.connect() as connection:
        # PostgreSQL's default, READ COMMITTED, reads a newer state with each statement.
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that writes, committed at the end and rolled back on an error."""
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


def learn_sizes(connection: Connection) -> None:
    """Have PostgreSQL look how large its tables are; until it does by itself, a minute later, it may plan for empty ones."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {', '.join(table.name for table in PROJECTED)}"))


def migrate(engine: Engine) -> None:
    """Bring the tables to what this version needs; several may do so at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
