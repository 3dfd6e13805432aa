"""Runs and vendors, read from the topics."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from console.stall_detector import CHECKS_PER_TIMEOUT, STALL_TIMEOUT, StallDetector
from console.topic_queries.run_progress import RunProgress
from messaging.producer import KafkaUnavailableError
from messaging.topic_offsets import TopicOffsets
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.sync_run import SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import SYNC_RUN, VENDOR_SYNC_OUTCOME, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.partitioning import partition_of

ENDS_SECONDS = 2.0
"""How long to wait for the topics' ends while a run is followed."""
CLOCK_SLACK_MS = 60_000
"""How far the clocks of the requester and of Kafka may differ."""


def began_at(run_id: str) -> int:
    """When a run was requested, in milliseconds since 1970: part of a UUIDv7; 0 for another kind of id."""
    try:
        parsed = uuid.UUID(run_id)
    except ValueError:
        return 0
    is_version_7 = parsed.int >> 76 & 0xF == 7  # noqa: PLR2004 -- the version field of RFC 9562
    return parsed.int >> 80 if is_version_7 else 0


def fold(progress: RunProgress, record: ConsumedRecord, codec: Codec) -> None:
    """Take one record of ``sync-run`` or ``vendor-sync-outcome`` into the progress; unreadable records are ignored."""
    try:
        if record.topic == SYNC_RUN.name:
            progress.run(codec.decode(SyncRun, record.value))
        else:
            progress.outcome(codec.decode(VendorSyncOutcome, record.value))
    except UndecodableError:
        return


def follow(bootstrap: str, run_id: str, codec: Codec, *, stall_timeout: float = STALL_TIMEOUT) -> Iterator[RunProgress]:
    """The run's progress, again and again, until it is done; at least four times a second while Kafka answers.

    It blocks between two. After ``stall_timeout`` seconds, a consumer that does not read on though Kafka answers is replaced.

    Raises:
        KafkaUnavailableError: Kafka does not answer at the beginning, or of a new consumer.
    """
    progress = RunProgress(run_id)
    while not progress.done:
        with TopicReader(bootstrap, [SYNC_RUN.name, VENDOR_SYNC_OUTCOME.name], since_ms=_since(run_id)) as reader:
            yield from _read_on(bootstrap, reader, progress, codec, stall_timeout)


def _read_on(
    bootstrap: str, reader: TopicReader, progress: RunProgress, codec: Codec, stall_timeout: float
) -> Iterator[RunProgress]:
    """Read until the run is done, or the reader has stalled."""
    stall_detector, checked_at = StallDetector(stall_timeout=stall_timeout), time.monotonic()
    while True:
        records = reader.poll(0.2)
        stall_detector.polled(delivered=bool(records), more=reader.more)
        for record in records:
            fold(progress, record, codec)
        yield progress
        if progress.done:
            return
        if time.monotonic() - checked_at > stall_timeout / CHECKS_PER_TIMEOUT:
            if _is_stalled(bootstrap, reader, stall_detector):
                return
            checked_at = time.monotonic()


def _is_stalled(bootstrap: str, reader: TopicReader, stall_detector: StallDetector) -> bool:
    try:
        ends = TopicOffsets(bootstrap, seconds=ENDS_SECONDS).ends(reader.positions)
    except KafkaUnavailableError:
        stall_detector.paused()
        return False
    return bool(stall_detector.compared(reader.positions, ends))


def status_of(bootstrap: str, run_id: str, codec: Codec) -> RunProgress:
    """The run as it stands.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
    """
    progress = RunProgress(run_id)
    with TopicReader(bootstrap, [SYNC_RUN.name, VENDOR_SYNC_OUTCOME.name], since_ms=_since(run_id)) as reader:
        for record in reader.to_end():
            fold(progress, record, codec)
    return progress


def _since(run_id: str) -> int:
    return max(began_at(run_id) - CLOCK_SLACK_MS, 0)


@dataclass(frozen=True, kw_only=True)
class VendorView:
    """A vendor's row in the vendor table, and its outcomes, oldest first."""

    row: VendorRow | None
    outcomes: tuple[VendorSyncOutcome, ...]


def vendor_view(bootstrap: str, key: VendorKey, codec: Codec, *, partitions: int) -> VendorView:
    """The vendor's row and outcomes.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
    """
    row: VendorRow | None = None
    outcomes = []
    key_bytes = key.to_bytes()
    topics = [VENDOR_TABLE_CHANGELOG.name, VENDOR_SYNC_OUTCOME.name]
    with TopicReader(bootstrap, topics, partition=partition_of(key_bytes, partitions)) as reader:
        for record in reader.to_end():
            if record.key != key_bytes:
                continue
            try:
                if record.topic == VENDOR_SYNC_OUTCOME.name:
                    outcomes.append(codec.decode(VendorSyncOutcome, record.value))
                else:
                    row = codec.decode(VendorRow, record.value)
            except UndecodableError:
                continue
    return VendorView(row=row, outcomes=tuple(outcomes))
