"""All topics with their keys and settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 24 * 60 * 60 * 1000
DELETE_RETENTION_MS: Final = 30 * DAY_MS
"""``delete.retention.ms`` of the compacted topics: Kafka removes a tombstone so long after it was cleaned for the first time."""
DEFAULT_PARTITIONS: Final = 12
APP_ID: Final = "vive-sync"
"""The consumer group, and the prefix of the table's changelog."""
MIGRATION_MARKER: Final = f"{APP_ID}-migration"
"""The topic that exists while a migration to another number of partitions is under way, and holds its state."""


COMPACTED_WITHIN_MS: Final = 7 * DAY_MS
"""A record that a newer one of its key has replaced is removed at the latest so long after it may be."""
MAX_BATCH_BYTES: Final = 1_048_588
"""Kafka's own default: a dead letter with the largest value that it keeps takes about half of it."""
REPLICAS_OF_A_PRODUCTION_CLUSTER: Final = 3


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic's name, key and cleanup. ``retention_ms`` is None where a topic is only compacted."""

    name: str
    key: str
    description: str
    compacted: bool = False
    retention_ms: int | None = None
    replaced_stay_ms: int = 0
    """How long compaction leaves a record on the topic that a newer one of its key has replaced."""
    keeps_partitions: bool = False
    """Whether the topic's partitions may be of another number than ``VIVE_SYNC_PARTITIONS``: ids of dead letters name them."""

    def config(self) -> Mapping[str, str]:
        """The topic's settings for Kafka, but for ``min.insync.replicas``, which depends on the cluster."""
        if self.compacted:
            return {
                "cleanup.policy": "compact",
                "delete.retention.ms": str(DELETE_RETENTION_MS),
                "max.compaction.lag.ms": str(self.replaced_stay_ms + COMPACTED_WITHIN_MS),
                "max.message.bytes": str(MAX_BATCH_BYTES),
                "min.cleanable.dirty.ratio": "0.1",
                "min.compaction.lag.ms": str(self.replaced_stay_ms),
                "segment.ms": str(DAY_MS),
            }
        return {
            "cleanup.policy": "delete",
            "max.message.bytes": str(MAX_BATCH_BYTES),
            "retention.bytes": "-1",
            "retention.ms": str(self.retention_ms),
        }


def min_insync_replicas(replicas: int) -> int:
    """How many replicas must have a record before it counts as written, where a partition has so many.

    Two of three, so that one broker may be lost. With fewer replicas one: a broker that is restarted would stop all writes.
    """
    return 2 if replicas >= REPLICAS_OF_A_PRODUCTION_CLUSTER else 1


INTEGRATION: Final = Topic(
    name="vive.integration", key="client_id", compacted=True, description="a client's integration; a tombstone ends it"
)
VENDOR_RECORD: Final = Topic(
    name="vive.vendor-record",
    key="vendor key",
    compacted=True,
    # A wish for a hold that ended and began again must be seen as two.
    replaced_stay_ms=7 * DAY_MS,
    description="a vendor's latest data and link",
)
SYNC_REQUESTED: Final = Topic(
    name="vive.sync-requested",
    key="client_id",
    retention_ms=7 * DAY_MS,
    description="sync all, or these, vendors of a client",
)
SYNC_EXPANSION: Final = Topic(
    name="vive.sync-expansion",
    key="run_id",
    retention_ms=7 * DAY_MS,
    description="expand a run in this partition (internal)",
)
SYNC_RUN: Final = Topic(
    name="vive.sync-run",
    key="run_id",
    retention_ms=365 * DAY_MS,
    description="what a run is made of, or why it was refused",
)
VENDOR_SYNC: Final = Topic(
    name="vive.vendor-sync", key="vendor key", compacted=True, description="a vendor is to be synced"
)
VENDOR_SYNC_OUTCOME: Final = Topic(
    name="vive.vendor-sync-outcome",
    key="vendor key",
    retention_ms=365 * DAY_MS,
    description="what happened, before and after",
)
DEAD_LETTER: Final = Topic(
    name="vive.dead-letter",
    key="vendor key",
    retention_ms=365 * DAY_MS,
    keeps_partitions=True,
    description="what no retry will mend, with the bytes",
)
DEAD_LETTER_HANDLED: Final = Topic(
    name="vive.dead-letter-handled",
    key="vendor key",
    # Twice a letter's time: were it gone before its letter, the letter would be open again.
    retention_ms=730 * DAY_MS,
    keeps_partitions=True,
    description="a dead letter was redriven or discarded, and by whom",
)
SCHEMA: Final = Topic(
    name="vive.schema",
    key="fingerprint",
    compacted=True,
    description="the Avro schema of records in single-object encoding, as JSON",
)
VENDOR_TABLE_CHANGELOG: Final = Topic(
    name=f"{APP_ID}-vendors-changelog",
    key="vendor key",
    compacted=True,
    description="the vendor table's rows (internal)",
)

ALL: Final = (
    INTEGRATION,
    VENDOR_RECORD,
    SYNC_REQUESTED,
    SYNC_EXPANSION,
    SYNC_RUN,
    VENDOR_SYNC,
    VENDOR_SYNC_OUTCOME,
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    SCHEMA,
    VENDOR_TABLE_CHANGELOG,
)
"""All topics. But for those of dead letters they have the same number of partitions, so that one worker has all of a vendor."""
MOVED: Final = tuple(topic for topic in ALL if not topic.keeps_partitions)
"""The topics whose partitions are of the number that ``VIVE_SYNC_PARTITIONS`` names: a migration moves their records."""
