"""Clients whose credentials are refused: their vendors are parked, one probe at a time looks whether it is over."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from accounting.errors import AccountingError, CredentialsRefusedError, UnavailableError
from accounting.port import AccountingSystem
from processors.state.integration_cache import Integrations
from processors.state.vendor_rows import Rows
from processors.transport.partition_gate import PartitionGate
from processors.transport.partition_tasks import PartitionTasks
from processors.vendor_sync.requeue import Requeue
from processors.work_queue import WorkQueue
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.vendor_key import VendorKey
from schemas.systems import display_name

log = logging.getLogger(__name__)

PROBE_SECONDS: Final = 1.0

Park = Callable[[VendorKey], None]
"""Takes a waiting vendor out of the queue and gives it the outcome ``parked``."""


def is_over(error: AccountingError | None) -> bool:
    """Whether a probe with this result shows that the credentials are accepted: any answer about the provider itself does."""
    return not isinstance(error, CredentialsRefusedError | UnavailableError)


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """Probes each client with parked vendors once a second. Other clients notice nothing.

    That a client is paused is not remembered anywhere but in its parked rows, so it survives whichever worker has them.
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

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if self.gate.reading:
                parked = self._parked()
                await asyncio.gather(
                    *(self._look_at(client_id, parked.get(client_id, [])) for client_id in parked.keys() | self.paused)
                )

    def _parked(self) -> dict[str, list[tuple[int, VendorKey]]]:
        """The parked vendors by client, without those that are queued again already."""
        waiting = {
            client_id: [each for each in keys if self.requeue.in_progress.of(*each) is None]
            for client_id, keys in self.rows.parked().items()
        }
        return {client_id: keys for client_id, keys in waiting.items() if keys}

    async def _look_at(self, client_id: str, parked: list[tuple[int, VendorKey]]) -> None:
        integration = self.integrations.get(client_id)
        if client_id not in self.paused:
            self.paused.add(client_id)
            name = display_name(integration.system if integration else None)
            log.warning("Client %s is paused: %s refuses its credentials.", client_id, name)
        self.queue.pause(client_id)
        waiting = self.queue.waiting_of(client_id)
        for key in waiting:
            self.park(key)
        nothing_left = not parked and not waiting
        if integration is None or ineligible_reason(client_id, integration) is not None or nothing_left:
            self._resume(client_id, parked)
        elif parked:
            # Another vendor each time: one that can't be read for a reason of its own must not keep the others waiting.
            one = parked[int(self.monotonic()) % len(parked)]
            if is_over(await self._probe(integration, *one)):
                self._resume(client_id, parked)

    async def _probe(self, integration: Integration, partition: int, key: VendorKey) -> AccountingError | None:
        row = self.rows.get(partition, key)
        if row is None or row.record is None or row.record.provider_id is None:
            return None
        try:
            await self.systems[integration.system].observe_one(integration, row.record.provider_id)
        except AccountingError as error:
            return error
        return None

    def _resume(self, client_id: str, parked: list[tuple[int, VendorKey]]) -> None:
        log.warning("Client %s goes on: %d vendors are queued again.", client_id, len(parked))
        self.paused.discard(client_id)
        self.queue.resume(client_id)
        for partition, key in parked:
            self.in_flight.start(partition, self.requeue.again(partition, key))
        self.dispatch()
