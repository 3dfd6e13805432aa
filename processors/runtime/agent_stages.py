"""The stages of the agents: what is done with each record, from the topic to the stage that decides."""

from datetime import timedelta

from processors.app import consumer_of
from processors.events.foreign_records import ForeignRecords
from processors.expansion.handlers import Expander, ShardExpander
from processors.runtime.record_holds import holding
from processors.runtime.worker_parts import SharedParts, WorkerDependencies
from processors.take_in import TakeIn
from processors.vendor_records.handler import VendorRecords
from processors.vendor_records.rereading import Rereading
from processors.vendor_records.unjudged_changes import UnjudgedChanges
from processors.vendor_sync.coordinator import VendorSyncing
from schemas.topics import SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC, Topic


def agent_stages(
    given: WorkerDependencies, parts: SharedParts, syncing: VendorSyncing, rereading: Rereading
) -> dict[Topic, TakeIn]:
    """The function that takes a record in, by topic."""
    foreign = ForeignRecords(
        publisher=given.publisher,
        in_flight=parts.in_flight,
        gate=parts.gate,
        partitions=given.partitions,
        now=given.clock.now,
    )
    own_topics: dict[Topic, TakeIn] = {
        SYNC_REQUESTED: _expander(given, parts).accept,
        SYNC_EXPANSION: _shard_expander(given, parts).accept,
    }
    vendor_records = holding(parts.held, VENDOR_RECORD, _vendor_records(given, parts).accept)
    return {
        **{topic: holding(parts.held, topic, accept) for topic, accept in own_topics.items()},
        # The keys of held records count for a partition that is read again, and foreign ones are held where they belong.
        VENDOR_RECORD: rereading.before(foreign.before(vendor_records)),
        VENDOR_SYNC: foreign.before(holding(parts.held, VENDOR_SYNC, syncing.accept)),
    }


def rereading_of(given: WorkerDependencies, parts: SharedParts) -> Rereading:
    """What reads partitions of vendor records again where deletions may have been missed."""
    return Rereading(
        rows=parts.rows,
        publisher=given.publisher,
        in_flight=parts.in_flight,
        gate=parts.gate,
        positions=lambda: consumer_of(parts.app).positions,
        topic_id=given.topic_ids[VENDOR_RECORD.name],
        oldest=timedelta(seconds=given.config.oldest_position),
        now=given.clock.now,
    )


def _expander(given: WorkerDependencies, parts: SharedParts) -> Expander:
    return Expander(
        codec=given.codec,
        publisher=given.publisher,
        integrations=given.integrations,
        in_flight=parts.in_flight,
        gate=parts.gate,
        partitions=given.partitions,
        now=given.clock.now,
    )


def _shard_expander(given: WorkerDependencies, parts: SharedParts) -> ShardExpander:
    return ShardExpander(
        codec=given.codec,
        publisher=given.publisher,
        rows=parts.rows,
        pending_events=parts.pending_events,
        in_flight=parts.in_flight,
        gate=parts.gate,
        held=parts.held,
        topic_id=given.topic_id,
        now=given.clock.now,
    )


def _vendor_records(given: WorkerDependencies, parts: SharedParts) -> VendorRecords:
    unjudged = UnjudgedChanges(
        publisher=given.publisher,
        rows=parts.rows,
        integrations=given.integrations,
        in_flight=parts.in_flight,
        gate=parts.gate,
        now=given.clock.now,
    )
    return VendorRecords(
        codec=given.codec,
        publisher=given.publisher,
        rows=parts.rows,
        unjudged=unjudged,
        in_flight=parts.in_flight,
        gate=parts.gate,
        now=given.clock.now,
    )
