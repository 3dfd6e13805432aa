"""Kafka as one node on the local Java."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from devkit.broker.broker import Broker, BrokerKind
from devkit.broker.data_folder import kafka_folder
from devkit.broker.death_watch import KILL_GROUP, DeathWatch
from devkit.broker.jars import find_maven, kafka_jars
from devkit.broker.java import find_java
from devkit.broker.node import LocalNode, new_cluster_id
from devkit.broker.ports import LOOPBACK, reserve_port
from devkit.broker.settings import NodePlan, Voter


class LocalBroker(Broker):
    """Apache Kafka on the local Java: one KRaft node on loopback, which tests may kill and start again."""

    kind: ClassVar[BrokerKind] = "local"

    def __init__(self, node: LocalNode, undo: ExitStack) -> None:
        """Own a launched node; `close()` closes `undo`."""
        super().__init__(node.plan.bootstrap)
        self._node = node
        self._undo = undo

    @classmethod
    def start(
        cls,
        *,
        data_dir: Path | None = None,
        disk: Path | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """Start a broker and wait until it answers (about 4 s; longer the first time, when Maven fetches Kafka).

        Args:
            data_dir: kept after `close()` and used again by a later start; without it a temporary folder, removed.
            disk: a folder only for Kafka's data, never removed here, so that the output of the process is kept when this
                disk is full; without it the data is with the rest.
            port: for clients, on 127.0.0.1; any free one when not given. The controller's is always any free one.
            settings: broker settings by Kafka's names; they override the default ones.
            environ: the source of PATH, JAVA_HOME, HOME and XDG_CACHE_HOME.

        Raises:
            BrokerUnavailableError: no Java, no Maven, the port is taken, or Kafka died or did not answer within 90 s.
        """
        java = find_java(environ)
        jars = kafka_jars(environ)
        with ExitStack() as undo:
            ports = [reserve_port(port), reserve_port(None)]
            for reserved in ports:
                undo.callback(reserved.release)
            folder = kafka_folder(data_dir, undo)
            death_watch = DeathWatch(KILL_GROUP, folder=folder if data_dir is None else None)
            undo.callback(death_watch.release)
            voter = Voter(node_id=1, host=LOOPBACK, controller_port=ports[1].port)
            plan = NodePlan(voter=voter, port=ports[0].port, voters=(voter,), log_dir=str((disk or folder) / "data"))
            node = LocalNode(plan, folder=folder, java=java, jars=jars, death_watch=death_watch, extra=settings or {})
            undo.callback(node.kill if data_dir is None else node.stop)
            if node.cluster_id() is None:
                node.format(new_cluster_id())
            node.launch()
            node.wait_until_serving()
            return cls(node, undo.pop_all())

    @staticmethod
    def check_installed(environ: Mapping[str, str]) -> None:
        """Do nothing where `start()` finds a Java, and Kafka's jars or a Maven that can fetch them.

        Raises:
            NotInstalledError: something is missing; the message names what to install.
        """
        find_java(environ)
        find_maven(environ)

    @property
    def pid(self) -> int:
        """The process id of the Java process; RuntimeError while it is stopped or killed."""
        return self._node.pid

    @property
    def running(self) -> bool:
        """False after `stop()`, `kill()` and `close()`, and when the process has ended by itself."""
        return self._node.running

    @property
    def log_file(self) -> Path:
        """The file with the output of all its processes."""
        return self._node.log_file

    def stop(self) -> None:
        """SIGTERM and wait, SIGKILL after 30 s; data and port are kept for `restart()`."""
        self._node.stop()

    def kill(self) -> None:
        """SIGKILL and wait; data and port are kept for `restart()`."""
        self._node.kill()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing, until `resume()`; RuntimeError if it does not run."""
        self._node.pause()

    def resume(self) -> None:
        """SIGCONT: a paused process continues; RuntimeError if it does not run."""
        self._node.resume()

    def restart(self) -> None:
        """Stop if it runs, start on the same data and port, and wait until it answers.

        Raises:
            BrokerUnavailableError: it died, or did not answer within 90 s; the message ends with its log's last lines.
        """
        self._node.stop()
        self._node.launch()
        self._node.wait_until_serving()

    def close(self) -> None:
        """Stop the process and release the ports. With a temporary folder the process is killed, and the data removed."""
        self._undo.close()
