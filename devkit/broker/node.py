"""One Kafka node as a Java process."""

import base64
import os
import signal
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from devkit.broker.broker import BrokerUnavailableError
from devkit.broker.death_watch import DeathWatch
from devkit.broker.readiness import wait_until_ready
from devkit.broker.settings import NodePlan, as_properties, local_settings

JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
HEAP_MEGABYTES = 512
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
_LAST_LINES = 25


def new_cluster_id() -> str:
    """A Kafka cluster id: 16 random bytes in URL-safe base64 without padding, not beginning with a dash."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made


class LocalNode:
    """One Kafka node as a Java process in its own process group. Its folder outlives its processes.

    The folder holds server.properties, kafka.log (all that the process prints) and Kafka's data.
    """

    def __init__(
        self,
        plan: NodePlan,
        *,
        folder: Path,
        java: Path,
        jars: Path,
        death_watch: DeathWatch,
        extra: Mapping[str, str],
        heap_megabytes: int = HEAP_MEGABYTES,
    ) -> None:
        self.plan = plan
        self.log_file = folder / "kafka.log"
        self._java = [str(java), f"-Xmx{heap_megabytes}m", *JVM_OPTIONS, "-cp", f"{jars}/*"]
        self._properties = folder / "server.properties"
        self._death_watch = death_watch
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_with: int | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(as_properties(local_settings(plan) | dict(extra)), encoding="utf-8")

    @property
    def pid(self) -> int:
        """The process id, which is its process group's too; RuntimeError while it does not run."""
        return self._alive().pid

    @property
    def running(self) -> bool:
        """Whether a process was launched and has not ended since, here or by itself. A paused one counts as running."""
        process = self._process
        if process is None:
            return False
        if process.poll() is None:
            return True
        self._forget(process)
        return False

    def cluster_id(self) -> str | None:
        """The id of the cluster of the data in the folder, or None before it is formatted."""
        found = Path(self.plan.log_dir, "meta.properties")
        if not found.exists():
            return None
        lines = found.read_text(encoding="utf-8").splitlines()
        return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))

    def format(self, cluster_id: str) -> None:
        """Prepare an empty folder for a node of this cluster.

        Raises:
            BrokerUnavailableError: Kafka's storage tool refuses; the message ends with its last lines.
        """
        self._run_to_end("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties))

    def launch(self) -> None:
        """Start the process, without waiting until it serves."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - java, with jars and settings of this repository
                [*self._java, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._death_watch.hold(str(self._process.pid))

    def wait_until_serving(self, *, others: Iterable["LocalNode"] = ()) -> None:
        """Wait until the node itself answers a metadata request and is registered, for 90 s at most.

        Args:
            others: nodes that must be registered too; the death of one ends the wait as well.

        Raises:
            BrokerUnavailableError: one died, or this did not answer in time; the message ends with its log's last lines.
        """
        together = {self, *others}

        def check() -> None:
            for node in together:
                node.check_alive()

        try:
            wait_until_ready(
                self.plan.bootstrap,
                seconds=READY_SECONDS,
                nodes=len(together),
                node_id=self.plan.voter.node_id,
                cluster_id=self.cluster_id(),
                check=check,
            )
        except TimeoutError as error:
            raise BrokerUnavailableError(f"Apache Kafka was {error}; its last lines:\n{self.last_lines()}") from error

    def pause(self) -> None:
        """SIGSTOP: it stops with its connections open, as on a machine that hangs; RuntimeError if it does not run."""
        self._alive().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: a paused process continues; RuntimeError if it does not run."""
        self._alive().send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that has not ended the process after 30 s. A stopped node stays stopped."""
        process = self._process
        if process is None:
            return
        process.terminate()
        process.send_signal(signal.SIGCONT)  # a paused process does not handle SIGTERM
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            self._forget(process)

    def kill(self) -> None:
        """SIGKILL to the whole process group, as when the machine fails. A stopped node stays stopped."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._forget(process)

    def last_lines(self) -> str:
        """The end of the node's log, 25 at most."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])

    def check_alive(self) -> None:
        """Nothing, while the process runs.

        Raises:
            BrokerUnavailableError: it has ended; the message ends with the last lines of its log.
        """
        if not self.running:
            raise BrokerUnavailableError(
                f"Apache Kafka ended with code {self._ended_with}; its last lines:\n{self.last_lines()}"
            )

    def _alive(self) -> subprocess.Popen[bytes]:
        process = self._process
        if not self.running or process is None:
            raise RuntimeError("this Kafka is not running")
        return process

    def _forget(self, ended: subprocess.Popen[bytes]) -> None:
        if self._process is ended:
            self._process = None
            self._ended_with = ended.returncode
            self._death_watch.forget()

    def _run_to_end(self, *arguments: str) -> None:
        with self.log_file.open("ab") as log:
            ran = subprocess.run(  # noqa: S603 - java, with jars and settings of this repository
                [*self._java, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        if ran.returncode != 0:
            raise BrokerUnavailableError(
                f"Kafka's storage could not be formatted; the last lines:\n{self.last_lines()}"
            )
