"""Broker, sandbox and workers for a person's own machine: started together, ended together."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.output import people
from devkit.broker import start_broker
from devkit.demo_data import DemoClient, demo_clients
from devkit.sandbox_client import SandboxClient
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, create_topics
from producers.records import load
from schemas.errors import ViveSyncError

START_SECONDS = 30.0
STOP_SECONDS = 25.0


class DevEnvironmentError(ViveSyncError, RuntimeError):
    """A part did not start. The message names it and the end of its log."""


@dataclass
class DevEnvironment:
    """The running processes. ``folder`` holds credentials, logs and state; it is deleted at the end."""

    bootstrap: str
    sandbox_url: str
    folder: Path
    clients: tuple[DemoClient, ...]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings under which a command works with this stack."""
        return Settings(
            kafka=self.bootstrap, credentials_dir=self.folder / "credentials", data_dir=self.folder / "state"
        )

    @property
    def sandbox(self) -> SandboxClient:
        """The sandbox's admin paths."""
        return SandboxClient(self.sandbox_url)

    def start(self, name: str, *arguments: str) -> None:
        """Start ``vive-sync`` with these arguments as a process of its own, logging to ``<name>.log``."""
        environment = {
            **os.environ,
            "VIVE_SYNC_KAFKA": self.bootstrap,
            "VIVE_SYNC_CREDENTIALS_DIR": str(self.folder / "credentials"),
            "VIVE_SYNC_DATA_DIR": str(self.folder / "state"),
            "VIVE_SYNC_CONSOLE_HOST": "127.0.0.1",
            "VIVE_SYNC_READ_MODEL": f"sqlite:///{self.folder / 'state' / 'read-model.sqlite'}",
            "NO_COLOR": "1",
        }
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 -- our own command, under this interpreter
                [sys.executable, "-m", "cli", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )

    def start_console(self, *, port: int, local_sign_in: bool) -> str:
        """Start the console; the address that it answers at.

        Raises:
            DevEnvironmentError: it did not start.
        """
        port_file = self.folder / "console.port"
        sign_in = ["--local-sign-in"] if local_sign_in else []
        self.start("console", "console", "--port", str(port), "--port-file", str(port_file), *sign_in)
        self.wait_for("console", port_file.exists)
        address = f"http://127.0.0.1:{port_file.read_text()}"
        self.wait_for("console", lambda: httpx.get(f"{address}/health", timeout=2.0).json()["caught_up"])
        return address

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / f"{name}.log"

    def wait_for(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a process is ready.

        Raises:
            DevEnvironmentError: it ended, or was not ready in time.
        """
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            ended = self.processes[name].poll() is not None
            if ended or time.monotonic() > deadline:
                problem = "ended" if ended else "did not get ready"
                raise DevEnvironmentError(f"The {name} {problem}. The end of its log:\n{self._tail(name)}")
            time.sleep(0.05)

    def all_alive(self) -> None:
        """Look whether every process still runs.

        Raises:
            DevEnvironmentError: one has ended.
        """
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise DevEnvironmentError(f"The {name} has ended. The end of its log:\n{self._tail(name)}")

    def _tail(self, name: str) -> str:
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:])

    def stop(self) -> None:
        """End all processes, the last started first."""
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running_stack(
    *, vendors: int, workers: int = 1, latency: tuple[float, float] = (0.0, 0.0)
) -> Iterator[DevEnvironment]:
    """A broker, a sandbox with the demo's companies, workers, and the demo's records on their topics.

    ``latency`` is the sandbox's, least and most, in seconds.

    Raises:
        BrokerUnavailableError: no Kafka can run here; the message names what to install.
        DevEnvironmentError: a part did not start.
    """
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="vive-sync-")))
        broker = parts.enter_context(
            start_broker(first_look=True, report=lambda line: people.print(line, markup=False))
        )
        settings = Settings()
        create_topics(admin_of(broker.bootstrap), partitions=settings.partitions, replication=settings.replication)
        stack = DevEnvironment(bootstrap=broker.bootstrap, sandbox_url="", folder=folder, clients=())
        parts.callback(stack.stop)
        port_file = folder / "sandbox.port"
        stack.start("sandbox", "sandbox", "--port-file", str(port_file))
        stack.wait_for("sandbox", port_file.exists)
        stack.sandbox_url = f"http://127.0.0.1:{port_file.read_text()}"
        stack.clients = demo_clients(stack.sandbox_url, vendors=vendors)
        fill(stack.sandbox, stack.clients, stack.folder / "credentials", latency=latency)
        producer = BlockingProducer(stack.bootstrap, seconds=30.0)
        for client in stack.clients:
            load(client.records, producer=producer, codec=codec_for(stack.settings))
        for number in range(1, workers + 1):
            stack.start(f"worker-{number}", "worker")
        yield stack


def fill(
    sandbox: SandboxClient, clients: tuple[DemoClient, ...], credentials: Path, *, latency: tuple[float, float]
) -> None:
    """Put the clients' companies into the sandbox and their credentials into the folder."""
    credentials.mkdir(parents=True, exist_ok=True)
    for client in clients:
        sandbox.put_company(client.company, [vendor.before for vendor in client.vendors])
        secret = {
            "company": client.company.company,
            "login": client.company.login,
            "password": client.company.pwd.get_secret_value(),
        }
        path = credentials / f"{client.integration.credentials_ref}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(secret))
    if latency[1] > 0:
        sandbox.put_fault("latency", {"kind": "latency", "minSeconds": latency[0], "maxSeconds": latency[1]})


def answers(url: str) -> bool:
    """Whether a sandbox answers there."""
    try:
        return httpx.get(f"{url}/_sandbox/health", timeout=2.0).is_success
    except httpx.TransportError:
        return False
