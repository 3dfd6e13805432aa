"""What a worker is told when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from processors.vendor_sync.retry_policy import RetryPolicy


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """Durations are in seconds."""

    bootstrap: str
    worker_id: str
    data_folder: Path
    concurrency: int = 64
    """Keys whose calls are under way at once."""
    drain_seconds: float = 15.0
    """How long in-flight work may go on when its partition moves or the worker stops."""
    session_timeout: float = 30.0
    heartbeat_interval: float = 3.0
    commit_interval: float = 1.0
    stall_seconds: float = 60.0
    """How long a worker may stand still before it ends to be started anew."""
    delivery_seconds: float = 20.0
    """How long the producer may deliver nothing and get no answer while Kafka answers a new client; then the worker ends."""
    blocked_seconds: float = 30.0
    """How long the event loop may be blocked before it is said where; after twice as long the process ends."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rebalance_timeout: float = 60.0
    group: str = "vive-sync"
    producer: Mapping[str, str] = field(default_factory=dict)
    """More settings for librdkafka."""
