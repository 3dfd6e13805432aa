"""Waits until a Kafka serves."""

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

REQUEST_SECONDS = 1.0


def wait_until_ready(
    bootstrap: str,
    *,
    seconds: float,
    nodes: int = 1,
    node_id: int | None = None,
    cluster_id: str | None = None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Wait until Kafka answers a metadata request with at least `nodes` brokers.

    Args:
        bootstrap: host:port, comma between several.
        seconds: the longest time to wait.
        nodes: how many brokers must be registered.
        node_id: the node that must answer itself and be registered, where `bootstrap` is one of several.
        cluster_id: the cluster that must answer, so that another one on the same port is not mistaken for it.
        check: called before every request; what it raises (a dead process) ends the wait.

    Raises:
        TimeoutError: no such answer in time; the message ends with the last answer.
    """
    admin = _admin(bootstrap)
    deadline = time.monotonic() + seconds
    while True:
        check()
        left = deadline - time.monotonic()
        try:
            metadata = admin.list_topics(timeout=max(0.05, min(REQUEST_SECONDS, left)))
        except KafkaException as error:
            seen = str(error.args[0].str())
        else:
            if (missing := _missing(metadata, nodes=nodes, node_id=node_id, cluster_id=cluster_id)) is None:
                return
            seen = missing
            if node_id not in {None, metadata.orig_broker_id}:
                admin = _admin(bootstrap)  # The old client knows the other nodes now; a new one knows only this node.
            time.sleep(max(0.0, min(0.1, left)))
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not ready after {seconds:g} s: {seen}")


def _admin(bootstrap: str) -> AdminClient:
    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 200,
        "log_level": 0,
        # Refused connections are expected here; the last one is part of the message of the TimeoutError.
        "error_cb": lambda _error: None,
    }
    return AdminClient(settings)


def _missing(metadata: Any, *, nodes: int, node_id: int | None, cluster_id: str | None) -> str | None:
    """The condition that this answer does not meet yet, in words; None when it meets all."""
    if cluster_id is not None and metadata.cluster_id != cluster_id:
        return f"cluster {metadata.cluster_id} answers there, not {cluster_id}"
    if node_id is not None and metadata.orig_broker_id != node_id:
        return f"node {metadata.orig_broker_id} answered, not {node_id}"
    if node_id is not None and node_id not in metadata.brokers:
        return f"node {node_id} answers and is not registered yet"
    if len(metadata.brokers) < nodes:
        return f"{len(metadata.brokers)} of {nodes} brokers registered"
    return None
