"""The settings of Kafka nodes for development."""

from collections.abc import Mapping
from dataclasses import dataclass

CONTROLLER_PORT_IN_CONTAINER = 9093
CLIENT_PORT_IN_CONTAINER = 9092
INTERNAL_PORT_IN_CONTAINER = 19092
MAX_REPLICAS = 3


@dataclass(frozen=True, kw_only=True)
class Voter:
    """The address of a node for the election of a controller."""

    node_id: int
    host: str
    controller_port: int


@dataclass(frozen=True, kw_only=True)
class NodePlan:
    """One Kafka node that is broker and controller, and the cluster it belongs to."""

    voter: Voter
    port: int
    voters: tuple[Voter, ...]
    log_dir: str

    @property
    def bootstrap(self) -> str:
        """The address for clients, host:port."""
        return f"{self.voter.host}:{self.port}"


def common_settings(nodes: int) -> dict[str, str]:
    """The settings of all development clusters of `nodes` nodes, by Kafka's own names."""
    replicas = str(min(nodes, MAX_REPLICAS))
    enough = str(max(1, min(nodes, MAX_REPLICAS) - 1))
    return {
        "process.roles": "broker,controller",
        "controller.listener.names": "CONTROLLER",
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": enough,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": enough,
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": enough,
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "500",
        "group.consumer.min.session.timeout.ms": "500",
        "group.consumer.min.heartbeat.interval.ms": "100",
    }


CLUSTER_SETTINGS = {
    # A killed node is replaced in 3 to 5 s; less would take a slow machine's pauses for deaths.
    "controller.quorum.election.timeout.ms": "1000",
    "controller.quorum.election.backoff.max.ms": "500",
    "controller.quorum.fetch.timeout.ms": "2000",
    "replica.lag.time.max.ms": "4000",
    "unclean.leader.election.enable": "false",
    # The cleaner's 128 MB by default would be most of a small heap.
    "log.cleaner.dedupe.buffer.size": "16777216",
}
"""The settings of nodes that share one machine, besides `local_settings`."""


def local_settings(plan: NodePlan) -> dict[str, str]:
    """The settings of a node that listens on its host's own ports."""
    host = plan.voter.host
    return common_settings(len(plan.voters)) | {
        "node.id": str(plan.voter.node_id),
        "controller.quorum.voters": ",".join(f"{v.node_id}@{v.host}:{v.controller_port}" for v in plan.voters),
        "listeners": f"PLAINTEXT://{host}:{plan.port},CONTROLLER://{host}:{plan.voter.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{plan.port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": plan.log_dir,
        # A killed node may register again only after its old session has expired: 3 s of waiting instead of 9.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }


def container_settings(host: str, port: int) -> dict[str, str]:
    """The settings of a single node in a container. Its client port is published at host:port.

    The broker connects to itself by another listener, because host:port is not valid inside the container.
    """
    return common_settings(1) | {
        "node.id": "1",
        "controller.quorum.voters": f"1@localhost:{CONTROLLER_PORT_IN_CONTAINER}",
        "listeners": (
            f"PLAINTEXT://:{CLIENT_PORT_IN_CONTAINER},INTERNAL://localhost:{INTERNAL_PORT_IN_CONTAINER},"
            f"CONTROLLER://localhost:{CONTROLLER_PORT_IN_CONTAINER}"
        ),
        "advertised.listeners": f"PLAINTEXT://{host}:{port},INTERNAL://localhost:{INTERNAL_PORT_IN_CONTAINER}",
        "inter.broker.listener.name": "INTERNAL",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT",
        "log.dirs": "/tmp/kafka-logs",  # noqa: S108 - a path inside the container
    }


def as_properties(settings: Mapping[str, str]) -> str:
    """The text of a Java properties file."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items())


def as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment by which the image apache/kafka is configured: `node.id` becomes KAFKA_NODE_ID."""
    return {"KAFKA_" + name.replace("_", "__").replace(".", "_").upper(): value for name, value in settings.items()}
