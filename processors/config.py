"""The settings of a worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from messaging.missed_deletions import OLDEST_POSITION
from processors.vendor_sync.retry_policy import RetryPolicy
from schemas.topics import DEFAULT_PARTITIONS


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """Durations are in seconds."""

    bootstrap: str
    worker_id: str
    data_folder: Path
    partitions: int = DEFAULT_PARTITIONS
    """The number that every topic must have: records and rows are placed by it."""
    replication: int | None = None
    """The number of replicas that every topic must have at least; None: the cluster's default."""
    concurrency: int = 64
    """The number of vendors whose calls are under way at once."""
    drain_seconds: float = 15.0
    """The time limit of in-flight tasks when their partition moves or the worker stops."""
    session_timeout: float = 30.0
    heartbeat_interval: float = 3.0
    commit_interval: float = 1.0
    stall_seconds: float = 60.0
    """The time without progress after which a worker ends, so that its supervisor starts another."""
    delivery_seconds: float = 20.0
    """The time without a delivery and an answer to the producer, while Kafka answers a new client; then the worker ends."""
    blocked_seconds: float = 30.0
    """The time for which the event loop may be blocked before its stack is logged; after twice as long the process ends."""
    schema_wait_seconds: float = 60.0
    """How long a record whose schema is unknown waits for it, unless ``stall_seconds`` are less; then it can't be read."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rebalance_timeout: float = 60.0
    oldest_position: float = OLDEST_POSITION.total_seconds()
    """The age of a committed position of vendor records from which on deletions may have been missed."""
    group: str = "vive-sync"
    producer: Mapping[str, str] = field(default_factory=dict)
    """More settings for librdkafka."""

    @property
    def longest_schema_wait(self) -> float:
        """Seconds; the watchdog takes a record that is held for two stall timeouts for one that hangs."""
        return min(self.schema_wait_seconds, self.stall_seconds)
