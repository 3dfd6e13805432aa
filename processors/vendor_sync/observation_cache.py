"""Observes providers: one bulk read for each run, single reads otherwise."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from accounting.errors import AccountingError
from accounting.port import AccountingSystem, Observed
from schemas.records.integration import Integration

log = logging.getLogger(__name__)

RUNS_KEPT: Final = 16
"""Bulk observations kept at once; beyond it the oldest run's vendors are read one by one."""
RUNS_REMEMBERED: Final = 10_000
"""Runs whose bulk observation was dropped: to read it again for each of their vendors would cost more than single reads."""


class BulkObservation:
    """All providers of a client from one call, without those that were written since the call began."""

    def __init__(self, reading: "asyncio.Future[Mapping[str, Observed]]", *, began: float) -> None:
        self.reading = reading
        self.began = began
        self._written: set[str] = set()

    async def get(self, provider_id: str) -> Observed | None:
        """Return the provider from the bulk read; None when the read failed, lacks it, or is out of date for it."""
        try:
            providers = await asyncio.shield(self.reading)
        except AccountingError:
            return None
        return None if provider_id in self._written else providers.get(provider_id)

    def written(self, provider_id: str) -> None:
        """Note that a write of this provider begins, so that the read is out of date for it."""
        self._written.add(provider_id)


class Observations:
    """Bulk observations by client and run. A failed bulk read is remembered: single reads serve for the rest of the run."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._bulk: OrderedDict[tuple[str, str], BulkObservation] = OrderedDict()
        self._dropped: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def observe(
        self,
        system: AccountingSystem,
        integration: Integration,
        provider_id: str,
        *,
        run_id: str | None,
        not_before: float,
    ) -> tuple[Observed, int]:
        """Return the provider, and the number of calls that were made for this provider only.

        Args:
            system: the client's accounting system.
            integration: the client's integration.
            provider_id: the provider.
            run_id: the run whose bulk read may serve; None for none.
            not_before: the time on this worker's monotonic clock since which no other worker writes this provider; an earlier
                read may lack what another worker wrote before it died.

        Raises:
            AccountingError: as in the port.
        """
        if run_id is not None and (integration.client_id, run_id) not in self._dropped:
            observed = await self._of_run(system, integration, run_id, not_before).get(provider_id)
            if observed is not None:
                return observed, 0
        return await system.observe_one(integration, provider_id), 1

    def written(self, client_id: str, provider_id: str) -> None:
        """Note that a write of this provider begins: earlier bulk observations may not be used for it."""
        for (client, _), bulk in self._bulk.items():
            if client == client_id:
                bulk.written(provider_id)

    def _of_run(
        self, system: AccountingSystem, integration: Integration, run_id: str, not_before: float
    ) -> BulkObservation:
        key = (integration.client_id, run_id)
        bulk = self._bulk.get(key)
        if bulk is None or bulk.began < not_before:
            began = self._monotonic()
            reading = asyncio.ensure_future(system.observe_all(integration))
            reading.add_done_callback(partial(_log_failure, integration.client_id))
            bulk = self._bulk[key] = BulkObservation(reading, began=began)
            while len(self._bulk) > RUNS_KEPT:
                oldest, _ = self._bulk.popitem(last=False)
                self._drop(oldest)
        return bulk

    def _drop(self, run: tuple[str, str]) -> None:
        self._dropped[run] = None
        while len(self._dropped) > RUNS_REMEMBERED:
            self._dropped.popitem(last=False)

    def close(self) -> None:
        """Cancel reads that are under way."""
        for bulk in self._bulk.values():
            bulk.reading.cancel()


def _log_failure(client_id: str, reading: "asyncio.Future[Mapping[str, Observed]]") -> None:
    if not reading.cancelled() and (error := reading.exception()) is not None:
        log.warning(
            "Client %s: reading all providers at once failed, so they are read one by one. %s", client_id, error
        )
