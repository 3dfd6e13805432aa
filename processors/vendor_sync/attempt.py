"""One attempt to bring one vendor into line: observe, plan, write."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounting.errors import AccountingError
from accounting.port import AccountingSystem, Applied, Observed, Plan
from processors.clock import Clock
from processors.events.event_publisher import DeliveryFuture, EventPublisher
from processors.state.integration_cache import Integrations
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks, Phase
from processors.vendor_sync.failure import bug, judge
from processors.vendor_sync.observation_cache import Observations
from processors.vendor_sync.outcomes import announce
from processors.vendor_sync.preparation import PreparedSync
from processors.vendor_sync.record_trouble import only_of_holds
from processors.vendor_sync.retry_policy import RetryInMemory, RetryPolicy
from processors.vendor_sync.settlement import NotSynced, Synced
from processors.work_queue import VendorSyncTask
from schemas.errors import ViveSyncError


class IntegrationChangedError(ViveSyncError, RuntimeError):
    """The client's integration is no longer the one that the plan was made for, so the next write is not made."""

    def __init__(self) -> None:
        super().__init__("The client's integration has changed since the vendor was planned: VIVE plans it again.")


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Makes attempts. The decisions are in ``accounting`` and ``processors.vendor_sync.failure``."""

    systems: Mapping[str, AccountingSystem]
    integrations: Integrations
    observations: Observations
    publisher: EventPublisher
    gate: PartitionGate
    in_flight: PartitionTasks
    worker_id: str
    clock: Clock
    retry: RetryPolicy

    async def attempt(
        self, ready: PreparedSync, task: VendorSyncTask, *, bulk_of: str | None, owned_since: float
    ) -> Synced | NotSynced | RetryInMemory:
        """Observe, plan and write one vendor.

        Args:
            ready: the vendor's data and its client's integration.
            task: the task that this attempt is for.
            bulk_of: the run whose bulk observation may serve, or None.
            owned_since: the time on the monotonic clock at which the vendor's partition became this worker's.

        Returns:
            The result; an error of the accounting system or of this code is a result too.
        """
        try:
            return await self._sync(ready, task, bulk_of, owned_since)
        except IntegrationChangedError:
            return RetryInMemory(0.0)
        except AccountingError as error:
            now, jitter = self.clock.now(), self.clock.jitter()
            return judge(error, ready, attempt=task.attempt, now=now, jitter=jitter, policy=self.retry)
        except Exception as error:  # noqa: BLE001 -- a fault of VIVE's in one vendor is a dead letter; the others go on
            return bug(error, ready.record)

    async def _sync(self, ready: PreparedSync, task: VendorSyncTask, bulk_of: str | None, owned_since: float) -> Synced:
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
            self._announce(task, ready, plan, observed)
            applied = await self._apply(system, ready, plan)
            calls += applied.calls
        return Synced(
            record=ready.record,
            integration=ready.integration,
            plan=plan,
            applied=applied,
            observed_at=observed.at,
            calls=calls,
            rejection=ready.rejection,
        )

    async def _apply(self, system: AccountingSystem, ready: PreparedSync, plan: Plan) -> Applied:
        """Make the writes, as long as the integration is the one that they were planned for.

        A drain may cancel this at once before the first write, and only at its limit after it.

        Raises:
            IntegrationChangedError: it is another one, or can't be read. Writes before it were made.
        """
        wrote = False

        async def before_write() -> None:
            nonlocal wrote
            if wrote:
                self.in_flight.enter(Phase.SETTLING)
            await self.gate.ensure_group_membership()
            if self.integrations.get(ready.integration.client_id) != ready.in_force:
                raise IntegrationChangedError
            wrote = True
            self.in_flight.enter(Phase.CALLING)

        try:
            return await system.apply(ready.integration, plan, before_write=before_write)
        finally:
            if wrote:
                self.in_flight.enter(Phase.SETTLING)

    def _plan(self, system: AccountingSystem, ready: PreparedSync, observed: Observed) -> Plan:
        plan = system.plan(ready.record, observed, ready.integration, ready.row.delivered, self.clock.now())
        return plan if ready.rejection is None else only_of_holds(plan)

    def _announce(self, task: VendorSyncTask, ready: PreparedSync, plan: Plan, observed: Observed) -> None:
        """Publish the planned changes without waiting for the brokers; the worker waits for the final outcome only."""
        published = self.publisher.outcome(
            announce(task, ready.record, plan, observed_at=observed.at, worker=self.worker_id, now=self.clock.now()),
            partition=task.partition,
        )
        published.add_done_callback(_read_result)


def _read_result(delivery: DeliveryFuture) -> None:
    """Mark the exception as retrieved: it is the producer's fatal error, which stops the worker by itself."""
    if not delivery.cancelled():
        delivery.exception()
