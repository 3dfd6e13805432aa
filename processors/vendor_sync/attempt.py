"""One attempt to bring one vendor into line: observe, plan, write."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounting.errors import AccountingError
from accounting.port import AccountingSystem, Applied, Observed, Plan
from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_sync.failure import PreparedSync, bug, judge
from processors.vendor_sync.observation_cache import Observations
from processors.vendor_sync.retry_policy import RetryInMemory, RetryPolicy
from processors.vendor_sync.settlement import Asked, NotSynced, Synced, announce


@dataclass(frozen=True, kw_only=True)
class Clock:
    """``now`` in UTC for records, ``monotonic`` in seconds for pauses, ``jitter`` from [0, 1)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """The shell of an attempt: what it decides is in ``accounting`` and ``processors.vendor_sync.failure``."""

    systems: Mapping[str, AccountingSystem]
    observations: Observations
    publisher: EventPublisher
    ensure_group_membership: Callable[[], Awaitable[None]]
    """Ends once it is certain that the partition is still this worker's."""
    in_flight: PartitionTasks
    worker_id: str
    clock: Clock
    retry: RetryPolicy

    async def attempt(
        self, ready: PreparedSync, asked: Asked, *, bulk_of: str | None, owned_since: float
    ) -> Synced | NotSynced | RetryInMemory:
        """What it came to.

        ``bulk_of``: the run whose bulk observation may serve, or None. ``owned_since``: when the vendor's partition became
        this worker's, on its monotonic clock.
        """
        try:
            return await self._sync(ready, asked, bulk_of, owned_since)
        except AccountingError as error:
            now, jitter = self.clock.now(), self.clock.jitter()
            return judge(error, ready, attempt=asked.attempt, now=now, jitter=jitter, policy=self.retry)
        except Exception as error:  # noqa: BLE001 -- a fault of ours in one vendor is a dead letter, and the others go on
            return bug(error, ready.record)

    async def _sync(self, ready: PreparedSync, asked: Asked, bulk_of: str | None, owned_since: float) -> Synced:
        system = self.systems[ready.integration.system]
        observed, calls = await self.observations.observe(
            system, ready.integration, ready.provider_id, run_id=bulk_of, not_before=owned_since
        )
        plan = self._plan(system, ready, observed)
        if plan.requires_fresh_observation:
            observed = await system.observe_one(ready.integration, ready.provider_id)
            calls += 1
            plan = self._plan(system, ready, observed)
        applied = None
        if plan.calls:
            self.observations.written(ready.integration.client_id, ready.provider_id)
            self._announce(asked, ready, plan, observed)
            applied = await self._apply(system, ready, plan)
            calls += applied.calls
        return Synced(
            record=ready.record,
            integration=ready.integration,
            plan=plan,
            applied=applied,
            observed_at=observed.at,
            calls=calls,
        )

    async def _apply(self, system: AccountingSystem, ready: PreparedSync, plan: Plan) -> Applied:
        """Make the writes. Until the first one a drain may end this work at once, and from then on not before its time."""
        wrote = False

        async def before_write() -> None:
            nonlocal wrote
            if wrote:
                self.in_flight.enter(Phase.SETTLING)
            await self.ensure_group_membership()
            wrote = True
            self.in_flight.enter(Phase.CALLING)

        try:
            return await system.apply(ready.integration, plan, before_write=before_write)
        finally:
            if wrote:
                self.in_flight.enter(Phase.SETTLING)

    def _plan(self, system: AccountingSystem, ready: PreparedSync, observed: Observed) -> Plan:
        return system.plan(ready.record, observed, ready.integration, ready.row.delivered, self.clock.now())

    def _announce(self, asked: Asked, ready: PreparedSync, plan: Plan, observed: Observed) -> None:
        """Say what is about to be written. Nobody waits for it, so that it costs no time; the outcome after it is waited for."""
        said = self.publisher.outcome(
            announce(asked, ready.record, plan, observed_at=observed.at, worker=self.worker_id, now=self.clock.now()),
            partition=asked.partition,
        )
        said.add_done_callback(_read_result)


def _read_result(said: DeliveryFuture) -> None:
    """An error here is the producer's fatal one, which stops the worker by itself."""
    if not said.cancelled():
        said.exception()
