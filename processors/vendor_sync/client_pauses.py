"""Pauses clients: their vendors are parked until the credentials are accepted, or the integration can be read."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from accounting.errors import AccountingError
from accounting.port import AccountingSystem
from processors.state.integration_cache import Integrations
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.failure import pause_reason
from processors.vendor_sync.pause_decisions import (
    ParkedVendor,
    Probe,
    Resume,
    credentials_accepted,
    next_step,
    provider_to_probe,
    without_pending,
)
from processors.vendor_sync.requeue import Requeue
from processors.work_queue import WorkQueue
from schemas.records.integration import KnownIntegration, UnreadableIntegration
from schemas.records.vendor_key import VendorKey

log = logging.getLogger(__name__)

PROBE_SECONDS: Final = 1.0

Park = Callable[[VendorKey], None]
"""Takes a waiting vendor out of the queue and publishes the outcome ``parked``."""


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Looks at each client with parked vendors once a second. Other clients are not affected.

    A client whose credentials are refused is probed. One whose integration can't be read is not: nothing is sent for it.

    Only the parked rows hold that a client is paused, so the pause survives whichever worker has them.
    """

    rows: Rows
    queue: WorkQueue
    requeue: Requeue
    integrations: Integrations
    systems: Mapping[str, AccountingSystem]
    in_flight: PartitionTasks
    gate: PartitionGate
    monotonic: Callable[[], float]
    park: Park
    dispatch: Callable[[], None]
    paused: set[str] = field(default_factory=set)
    """The clients paused on this worker."""
    unreadable: set[str] = field(default_factory=set)
    """Those of them whose integration could not be read at the last check."""

    async def run(self) -> None:
        """Check once a second, until cancelled."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if self.gate.reading:
                await self.check()

    async def check(self) -> None:
        """Pause clients with parked vendors, and probe or resume those that are paused."""
        parked = without_pending(self.rows.parked(), self.requeue.is_pending)
        clients = parked.keys() | self.paused
        await asyncio.gather(*(self._check_client(client_id, parked.get(client_id, [])) for client_id in clients))

    async def _check_client(self, client_id: str, parked: list[ParkedVendor]) -> None:
        integration = self.integrations.get(client_id)
        was_unreadable = client_id in self.unreadable
        if isinstance(integration, UnreadableIntegration):
            self.unreadable.add(client_id)
        else:
            self.unreadable.discard(client_id)
        waiting = self.queue.waiting_of(client_id)
        step = next_step(
            client_id,
            integration,
            was_unreadable=was_unreadable,
            parked=parked,
            any_waiting=bool(waiting),
            seconds=self.monotonic(),
        )
        if not isinstance(step, Resume):
            self._pause(client_id, integration, waiting)
        if isinstance(step, Resume) or (isinstance(step, Probe) and credentials_accepted(await self._probe(step))):
            self._resume(client_id, parked)

    def _pause(self, client_id: str, integration: KnownIntegration, waiting: Iterable[VendorKey]) -> None:
        if client_id not in self.paused:
            self.paused.add(client_id)
            log.warning("Client %s is paused. %s", client_id, pause_reason(client_id, integration))
        self.queue.pause(client_id)
        for key in waiting:
            self.park(key)

    async def _probe(self, probe: Probe) -> AccountingError | None:
        provider_id = provider_to_probe(self.rows.get(*probe.vendor))
        if provider_id is None:
            return None
        try:
            await self.systems[probe.integration.system].observe_one(probe.integration, provider_id)
        except AccountingError as error:
            return error
        return None

    def _resume(self, client_id: str, parked: list[ParkedVendor]) -> None:
        log.warning("Client %s goes on: %d vendors are queued again.", client_id, len(parked))
        self.paused.discard(client_id)
        self.queue.resume(client_id)
        for partition, key in parked:
            self.in_flight.start(partition, self.requeue.again(partition, key))
        self.dispatch()
