"""A PostgreSQL server of a test run's own, on a free port of 127.0.0.1."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.eventually import eventually
from tests.support.free_port import free_port
from tests.support.slowness import patient

DEBIANS = "/usr/lib/postgresql"
STOP_SECONDS = 20.0


class NoPostgresError(RuntimeError):
    """There is none here; the text says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A server that takes every connection."""

    port: int
    pid: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        engine = create_engine(self.url("postgres").replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start one, and stop it at the end.

    Raises:
        NoPostgresError: its programs are not there, or no user may run them.
    """
    initdb, server = _program("initdb"), _program("postgres")
    user = _user()
    with tempfile.TemporaryDirectory(prefix="vive-sync-postgres-") as root:
        folder = Path(root)
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = _start([initdb, "-D", str(data), *options], folder, user)
        assert made.wait(patient(60)) == 0, (folder / "log").read_text()
        port = free_port()
        fast = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=64MB"]
        told = ["listen_addresses=127.0.0.1", "unix_socket_directories=", *fast]
        settings = [word for setting in told for word in ("-c", setting)]
        running = _start([server, "-D", str(data), "-p", str(port), *settings], folder, user)
        try:
            postgres = Postgres(port=port, pid=running.pid)
            eventually(lambda: running.poll() is not None or _answers(postgres), seconds=60)
            assert running.poll() is None, (folder / "log").read_text()
            yield postgres
        finally:
            _stop(running)


def _program(name: str) -> str:
    versions = sorted(Path(DEBIANS).glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
    found = shutil.which(name) or (str(versions[-1]) if versions else None)
    if found is None:
        raise NoPostgresError(f"There is no PostgreSQL here: {name} is neither on PATH nor under {DEBIANS}.")
    return found


def _user() -> pwd.struct_passwd | None:
    """Whom it runs as, where it can't be us: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def _start(command: list[str], folder: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )


def _answers(postgres: Postgres) -> bool:
    engine = create_engine(postgres.url("postgres").replace("://", "+psycopg://"))
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


def _stop(running: subprocess.Popen[bytes]) -> None:
    """At once, but in order: its connections are broken off."""
    running.send_signal(signal.SIGINT)
    try:
        running.wait(patient(STOP_SECONDS))
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGQUIT)
        running.wait()
