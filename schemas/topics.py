"""All topics with their keys and settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 24 * 60 * 60 * 1000
DEFAULT_PARTITIONS: Final = 12
APP_ID: Final = "vive-sync"
"""The consumer group, and the prefix of the table's changelog."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic's name, key and cleanup. ``retention_ms`` is None where a topic is only compacted."""

    name: str
    key: str
    description: str
    compacted: bool = False
    retention_ms: int | None = None

    def config(self) -> Mapping[str, str]:
        """The topic's settings for Kafka."""
        if self.compacted:
            return {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1", "segment.ms": str(DAY_MS)}
        return {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}


INTEGRATION: Final = Topic(
    name="vive.integration", key="client_id", compacted=True, description="a client's integration; a tombstone ends it"
)
VENDOR_RECORD: Final = Topic(
    name="vive.vendor-record", key="vendor key", compacted=True, description="a vendor's latest data and link"
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
    description="what no retry will mend, with the bytes",
)
DEAD_LETTER_HANDLED: Final = Topic(
    name="vive.dead-letter-handled",
    key="vendor key",
    # Twice a letter's time: were it gone before its letter, the letter would be open again.
    retention_ms=730 * DAY_MS,
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
"""All topics. All have the same number of partitions, so that one worker has all records about a vendor."""
