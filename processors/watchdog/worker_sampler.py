"""Samples a running app for the watchdog."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import faust
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from processors.app import consumer_of
from processors.positions.read_again import ReadAgain
from processors.transport.topic_ends import TopicEnds
from processors.watchdog.agents import Agents
from processors.watchdog.calls import Calls
from processors.watchdog.worker_sample import WorkerSample
from processors.work_queue import EventPosition, WorkQueue
from schemas.topics import VENDOR_SYNC


@dataclass(frozen=True, kw_only=True)
class WorkerSampler:
    """Reads the state of a worker.

    ``takes_writes`` returns whether the brokers have accepted a record since the previous sample, or there was none to accept;
    ``rows`` returns any number that changes while rows are recovered; ``holds_records`` whether records wait for their schemas.
    """

    app: faust.App
    agents: Agents
    calls: Calls
    queue: WorkQueue
    read_again: ReadAgain
    ends: TopicEnds
    takes_writes: Callable[[], bool]
    rows: Callable[[], int]
    holds_records: Callable[[], bool]
    monotonic: Callable[[], float]

    async def sample(self) -> WorkerSample:
        """Return the present state, once Kafka has answered or the wait for it has timed out."""
        assigned = self._assigned()
        ends = await self.ends.ends(assigned) if assigned else {}
        consumer = consumer_of(self.app)
        return WorkerSample(
            kafka=self.takes_writes() and ends is not None,
            assigned=bool(assigned),
            generation=self.app.consumer_generation_id,
            rebalancing=consumer.rebalancing,
            reading=consumer.reading,
            rows=self.rows(),
            steps=self.calls.steps,
            waiting=self.calls.any_pending() or self.holds_records() or self._retries_later(),
            partitions=consumer.standing(),
            ends=ends or {},
            ended_agents=self.agents.ended(),
        )

    def explain(self, tps: Collection[TP]) -> frozenset[TP]:
        """Of these partitions, those of ``vendor-sync`` whose oldest unfinished record waits for a known reason.

        The queue accounts for it, or the vendor records of its partition are read again from their start.
        """
        standing = consumer_of(self.app).standing()
        places = {
            EventPosition(tp.partition, standing[tp].finished_to): tp
            for tp in tps
            if tp.topic == VENDOR_SYNC.name and tp in standing
        }
        found = self.queue.accounts_for(places.keys(), calls_hang=self.calls.any_overdue())
        return frozenset(tp for place, tp in places.items() if place in found or tp.partition in self.read_again)

    def _assigned(self) -> set[TP]:
        if not (self.app.started and self.app.consumer.started):
            return set()
        try:
            return consumer_of(self.app).assignment()
        except ConsumerNotStarted:
            return set()

    def _retries_later(self) -> bool:
        due = self.queue.next_due() if self.queue.delayed else None
        return due is not None and due > self.monotonic()
