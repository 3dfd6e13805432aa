import base64
import os
import signal
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from devkit.broker.broker import BrokerUnavailable
from devkit.broker.leash import Leash
from devkit.broker.readiness import wait_until_ready
from devkit.broker.settings import NodePlan, as_properties, local_settings

JVM_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
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
    """One Kafka node as a Java process in a process group of its own; its folder outlives any one process.

    The folder holds server.properties, kafka.log (all that the process prints) and Kafka's data.
    """

    def __init__(
        self, plan: NodePlan, *, folder: Path, java: Path, jars: Path, leash: Leash, extra: Mapping[str, str]
    ) -> None:
        self.plan = plan
        self._java = [str(java), *JVM_OPTIONS, "-cp", f"{jars}/*"]
        self._properties = folder / "server.properties"
        self._log = folder / "kafka.log"
        self._leash = leash
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(as_properties(local_settings(plan) | dict(extra)), encoding="utf-8")

    @property
    def pid(self) -> int:
        """The process id, which is its process group's too.

        Raises:
            RuntimeError: the node is not running.
        """
        if self._process is None:
            raise RuntimeError("this Kafka is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether a process was launched and not yet stopped or killed here."""
        return self._process is not None

    def cluster_id(self) -> str | None:
        """The id of the cluster whose data the folder holds, or None before it is formatted."""
        found = Path(self.plan.log_dir, "meta.properties")
        if not found.exists():
            return None
        lines = found.read_text(encoding="utf-8").splitlines()
        return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))

    def format(self, cluster_id: str) -> None:
        """Prepare an empty folder for a node of this cluster.

        Raises:
            BrokerUnavailable: Kafka's storage tool refuses; the message ends with its last lines.
        """
        self._run_to_end("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties))

    def launch(self) -> None:
        """Start the process; whether it serves already is asked elsewhere."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - java, on jars and settings of ours
                [*self._java, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash.hold(str(self._process.pid))

    def wait_until_serving(self) -> None:
        """Wait until the node answers a metadata request, for 90 s at most.

        Raises:
            BrokerUnavailable: it died, or did not answer in time; the message ends with the last lines of its log.
        """
        try:
            wait_until_ready(
                self.plan.bootstrap, seconds=READY_SECONDS, cluster_id=self.cluster_id(), check=self._check_alive
            )
        except TimeoutError as error:
            raise BrokerUnavailable(f"Apache Kafka was {error}; its last lines:\n{self.last_lines()}") from error

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that has not ended the process after 30 s. A stopped node stays stopped."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            self._forget()

    def kill(self) -> None:
        """SIGKILL to the whole process group, as when the machine goes away. A stopped node stays stopped."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._forget()

    def last_lines(self) -> str:
        """The end of the node's log, 25 at most."""
        if not self._log.exists():
            return "(no log)"
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])

    def _check_alive(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            code = self._process.returncode
            self._forget()
            raise BrokerUnavailable(f"Apache Kafka ended with code {code}; its last lines:\n{self.last_lines()}")

    def _forget(self) -> None:
        self._process = None
        self._leash.let_go()

    def _run_to_end(self, *arguments: str) -> None:
        with self._log.open("ab") as log:
            ran = subprocess.run(  # noqa: S603 - java, on jars and settings of ours
                [*self._java, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        if ran.returncode != 0:
            raise BrokerUnavailable(f"Kafka's storage could not be formatted; the last lines:\n{self.last_lines()}")
