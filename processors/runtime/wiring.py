"""Builds a worker from its parts; nothing runs yet."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import faust

from processors.agents import add_agents
from processors.known_schemas.read_again import LettersReadAgain
from processors.positions.committed_positions import CommittedPositions
from processors.runtime.agent_stages import agent_stages, rereading_of
from processors.runtime.partition_watch import PartitionWatch, counts_of
from processors.runtime.worker_parts import SharedParts, WorkerDependencies, shared_parts
from processors.state.late_rows import LateRows
from processors.transport.partition_ownership import Ownership
from processors.vendor_records.postponed_changes import PostponedChanges
from processors.vendor_records.rereading import Rereading
from processors.vendor_sync.attempt import Attempts
from processors.vendor_sync.client_pauses import Pauses
from processors.vendor_sync.coordinator import VendorSyncing
from processors.vendor_sync.requeue import Requeue
from processors.vendor_sync.retry_scheduler import RetryScheduler
from processors.watchdog import StallTimeouts, Watchdog
from processors.watchdog.agents import Agents
from processors.watchdog.calls import watched
from processors.watchdog.delivery import DeliveryWatch
from processors.watchdog.worker_sampler import WorkerSampler

Timer = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, kw_only=True)
class WorkerGraph:
    """A worker's Faust app, and the parts that its runner uses."""

    app: faust.App
    syncing: VendorSyncing
    timers: tuple[Timer, ...]
    """They run beside the app for as long as it does."""
    positions: CommittedPositions
    rereading: Rereading


def build_worker(given: WorkerDependencies) -> WorkerGraph:
    """Build all stages and connect them."""
    parts = shared_parts(given)
    rereading = rereading_of(given, parts)
    positions = CommittedPositions(topic_ids=given.topic_ids, now=given.clock.now, judge=rereading.doubt)
    syncing = _coordinator(given, parts)
    postponed_changes = _postponed_changes(given, parts)

    def integration_changed(client_id: str) -> None:
        parts.queue.cap_changed(client_id)
        postponed_changes.integration_changed(client_id)

    given.integrations.on_change = integration_changed
    timers = (*_vendor_timers(given, parts, syncing), postponed_changes.run, *_watchdogs(given, parts))
    add_agents(parts.app, agent_stages(given, parts, syncing, rereading), on_crash=given.on_crash)
    return WorkerGraph(app=parts.app, syncing=syncing, timers=timers, positions=positions, rereading=rereading)


def _postponed_changes(given: WorkerDependencies, parts: SharedParts) -> PostponedChanges:
    return PostponedChanges(
        rows=parts.rows,
        publisher=given.publisher,
        integrations=given.integrations,
        pending_events=parts.pending_events,
        in_flight=parts.in_flight,
        gate=parts.gate,
        now=given.clock.now,
    )


def _coordinator(given: WorkerDependencies, parts: SharedParts) -> VendorSyncing:
    attempts = Attempts(
        systems=watched(given.systems, parts.calls, counts=True),
        integrations=given.integrations,
        observations=given.observations,
        publisher=given.publisher,
        gate=parts.gate,
        in_flight=parts.in_flight,
        worker_id=given.config.worker_id,
        clock=given.clock,
        retry=given.config.retry,
    )
    return VendorSyncing(
        queue=parts.queue,
        rows=parts.rows,
        codec=given.codec,
        publisher=given.publisher,
        integrations=given.integrations,
        attempts=attempts,
        ownership=Ownership(monotonic=given.clock.monotonic),
        pending_events=parts.pending_events,
        in_flight=parts.in_flight,
        gate=parts.gate,
        topic_id=given.topic_id,
        worker_id=given.config.worker_id,
        concurrency=given.config.concurrency,
        clock=given.clock,
    )


def _vendor_timers(given: WorkerDependencies, parts: SharedParts, syncing: VendorSyncing) -> tuple[Timer, ...]:
    rows, in_flight, gate, now = parts.rows, parts.in_flight, parts.gate, given.clock.now
    requeue = Requeue(
        rows=rows, publisher=given.publisher, pending_events=parts.pending_events, in_flight=in_flight, now=now
    )
    retries = RetryScheduler(rows=rows, requeue=requeue, in_flight=in_flight, gate=gate, now=now)
    pauses = Pauses(
        rows=rows,
        queue=parts.queue,
        requeue=requeue,
        integrations=given.integrations,
        systems=watched(given.systems, parts.calls, counts=False),
        in_flight=in_flight,
        gate=gate,
        monotonic=given.clock.monotonic,
        park=syncing.park,
        dispatch=syncing.dispatch,
    )
    late_rows = LateRows(
        rows=rows,
        bootstrap=given.config.bootstrap,
        ends=given.ends.ends,
        undelivered=lambda: given.producer.waiting,
    )
    partition_watch = PartitionWatch(counts_of(given.config.bootstrap), partitions=given.partitions)
    read_again = LettersReadAgain(
        bootstrap=given.config.bootstrap,
        codec=given.codec,
        known=given.schemas.known,
        publisher=given.publisher,
        ends=given.ends,
        gate=gate,
        in_flight=in_flight,
        partitions=lambda: [partition for partition, shard in rows.shards() if shard.epoch is not None],
        now=now,
    )
    return retries.run, pauses.run, late_rows.run, partition_watch.run, read_again.run


def _watchdogs(given: WorkerDependencies, parts: SharedParts) -> tuple[Timer, ...]:
    monotonic = given.clock.monotonic
    sampler = WorkerSampler(
        app=parts.app,
        agents=Agents(parts.app),
        calls=parts.calls,
        queue=parts.queue,
        read_again=parts.gate.read_again,
        ends=given.ends,
        takes_writes=given.producer.takes_writes,
        holds_records=lambda: parts.held.holds_any() or given.integrations.hold_any(),
        rows=lambda: sum(shard.applied for _, shard in parts.table.store.shards()),
        monotonic=monotonic,
    )
    timeouts = StallTimeouts.of(given.config)
    watchdog = Watchdog(sample=sampler.sample, explain=sampler.explain, monotonic=monotonic, timeouts=timeouts)
    return watchdog.run, DeliveryWatch.of(given.config, given.producer, monotonic=monotonic).run
