"""Kafka as several nodes on the local Java, for tests that break nodes."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from devkit.broker.broker import Broker, BrokerKind
from devkit.broker.data_folder import kafka_folder
from devkit.broker.death_watch import KILL_GROUP, DeathWatch
from devkit.broker.jars import kafka_jars
from devkit.broker.java import find_java
from devkit.broker.node import LocalNode, new_cluster_id
from devkit.broker.ports import LOOPBACK, PortReservation
from devkit.broker.settings import CLUSTER_SETTINGS, NodePlan, Voter

HEAP_MEGABYTES = 192


class LocalCluster(Broker):
    """Several KRaft nodes on the local Java, broker and controller each, which tests may break one by one.

    With three, every topic has three replicas, two of which must be in sync for a record to be acknowledged, and a
    replica that is not in sync never leads. Nodes have numbers from 1.
    """

    kind: ClassVar[BrokerKind] = "local"

    def __init__(self, nodes: Mapping[int, LocalNode], undo: ExitStack) -> None:
        """Own launched nodes, by their numbers; `close()` closes `undo`."""
        super().__init__(",".join(node.plan.bootstrap for node in nodes.values()))
        self._nodes = nodes
        self._undo = undo

    @classmethod
    def start(
        cls,
        *,
        nodes: int = 3,
        data_dir: Path | None = None,
        disks: Mapping[int, Path] | None = None,
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """Start all nodes together and wait until each answers and all are registered (about 10 s).

        Args:
            nodes: how many; a majority must run for any to serve.
            data_dir: kept after `close()` and used again by a later start; without it a temporary folder, removed.
            disks: folders for the data of single nodes, by their numbers; never removed here.
            settings: broker settings by Kafka's names for every node; they override the default ones.
            environ: the source of PATH, JAVA_HOME, HOME and XDG_CACHE_HOME.

        Raises:
            BrokerUnavailableError: no Java, no Maven, or a node died or did not answer within 90 s.
        """
        java, jars, made = find_java(environ), kafka_jars(environ), dict[int, LocalNode]()
        with ExitStack() as undo:
            folder = kafka_folder(data_dir, undo)
            for plan in _plans(nodes, folder, disks or {}, undo):
                watch = DeathWatch(KILL_GROUP, folder=folder if data_dir is None else None)
                undo.callback(watch.release)
                number = plan.voter.node_id
                made[number] = LocalNode(
                    plan,
                    folder=_folder_of(number, folder),
                    java=java,
                    jars=jars,
                    death_watch=watch,
                    extra=CLUSTER_SETTINGS | dict(settings or {}),
                    heap_megabytes=HEAP_MEGABYTES,
                )
                undo.callback(made[number].kill)
            _launch(list(made.values()))
            return cls(made, undo.pop_all())

    @property
    def nodes(self) -> tuple[int, ...]:
        """The numbers of all nodes, running or not: 1, 2, 3. They are Kafka's own broker ids too."""
        return tuple(self._nodes)

    def running(self, number: int) -> bool:
        """False after `stop()`, `kill()` and `close()`, and when the process has ended by itself."""
        return self._node(number).running

    def pid(self, number: int) -> int:
        """The process id of a node's Java process; RuntimeError while it does not run."""
        return self._node(number).pid

    def kill(self, number: int) -> None:
        """SIGKILL and wait; data and ports are kept for `restart()`."""
        self._node(number).kill()

    def stop(self, number: int) -> None:
        """SIGTERM and wait, SIGKILL after 30 s; data and ports are kept for `restart()`.

        A node hands its partitions over before it ends, which takes a majority of the nodes: without one it waits the
        30 s in vain.
        """
        self._node(number).stop()

    def pause(self, number: int) -> None:
        """SIGSTOP: it keeps its connections and answers nothing, until `resume()`; RuntimeError if it does not run."""
        self._node(number).pause()

    def resume(self, number: int) -> None:
        """SIGCONT: a paused node continues; RuntimeError if it does not run."""
        self._node(number).resume()

    def restart(self, *numbers: int) -> None:
        """Kill those that run, start all of them on the same data and ports, and wait until each serves.

        A node that serves may not be in sync yet: its replicas catch up afterwards. Where the majority is lost, give as
        many numbers as make one again, because a single node waits for the others.

        Raises:
            BrokerUnavailableError: one died, or did not answer within 90 s; the message ends with its log's last lines.
        """
        nodes = [self._node(number) for number in numbers]
        for node in nodes:
            node.kill()
            node.launch()
        for node in nodes:
            node.wait_until_serving(others=nodes)

    def log_file(self, number: int) -> Path:
        """The file with the output of all processes of a node."""
        return self._node(number).log_file

    def close(self) -> None:
        """Kill all nodes and release the ports: without a majority no node could shut down in order."""
        self._undo.close()

    def _node(self, number: int) -> LocalNode:
        if number not in self._nodes:
            raise ValueError(f"The cluster has the nodes {', '.join(map(str, self._nodes))}, but no {number}.")
        return self._nodes[number]


def _plans(nodes: int, folder: Path, disks: Mapping[int, Path], undo: ExitStack) -> list[NodePlan]:
    numbers = range(1, nodes + 1)
    ports = {number: (PortReservation(), PortReservation()) for number in numbers}
    for pair in ports.values():
        for reserved in pair:
            undo.callback(reserved.release)
    voters = tuple(Voter(node_id=number, host=LOOPBACK, controller_port=ports[number][1].port) for number in numbers)
    return [
        NodePlan(
            voter=voter,
            port=ports[voter.node_id][0].port,
            voters=voters,
            log_dir=str(disks.get(voter.node_id, _folder_of(voter.node_id, folder)) / "data"),
        )
        for voter in voters
    ]


def _folder_of(number: int, folder: Path) -> Path:
    return folder / f"node-{number}"


def _launch(nodes: list[LocalNode]) -> None:
    """Start all nodes and wait until each of them serves."""
    _format_new(nodes)
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait_until_serving(others=nodes)


def _format_new(nodes: list[LocalNode]) -> None:
    """Format the empty folders of nodes for the cluster of the others, or for a new one."""
    known = next((found for node in nodes if (found := node.cluster_id())), None)
    cluster_id = known or new_cluster_id()
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(lambda node: node.format(cluster_id), [node for node in nodes if node.cluster_id() is None]))
