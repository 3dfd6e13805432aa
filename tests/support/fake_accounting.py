"""An accounting system in memory: its books are one text a provider, and VIVE's status is what should stand there."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from accounting.errors import AccountingError, ProviderMissingError
from accounting.port import Applied, BeforeWrite, Observed, Plan, at_once
from schemas.records.integration import Integration
from schemas.records.outcome import Change
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered
from tests.support.messages import NOW


class FakeAccounting:
    """Counts reads; a bulk read waits for ``bulk_may_end`` and then shows the books as they were when it began."""

    def __init__(self, books: Mapping[str, Mapping[str, str]]) -> None:
        self.books = {client_id: dict(providers) for client_id, providers in books.items()}
        self.bulk_reads: list[str] = []
        self.single_reads: list[tuple[str, str]] = []
        self.bulk_fails: AccountingError | None = None
        self.single_fails: AccountingError | None = None
        self.bulk_may_end = asyncio.Event()
        self.bulk_may_end.set()

    async def observe_all(self, integration: Integration) -> Mapping[str, Observed]:
        self.bulk_reads.append(integration.client_id)
        providers = dict(self.books[integration.client_id])
        await self.bulk_may_end.wait()
        if self.bulk_fails is not None:
            raise self.bulk_fails
        return {
            provider_id: Observed(provider_id=provider_id, provider=text, at=NOW)
            for provider_id, text in providers.items()
        }

    async def observe_one(self, integration: Integration, provider_id: str) -> Observed:
        self.single_reads.append((integration.client_id, provider_id))
        if self.single_fails is not None:
            raise self.single_fails
        text = self.books[integration.client_id].get(provider_id)
        if text is None:
            raise ProviderMissingError(f"There is no provider {provider_id}.")
        return Observed(provider_id=provider_id, provider=text, at=NOW)

    def plan(
        self,
        record: VendorRecord,
        observed: Observed,
        integration: Integration,  # noqa: ARG002 -- the port's
        delivered: Delivered,
        now: datetime,  # noqa: ARG002 -- the port's
    ) -> Plan:
        if observed.provider == record.status:
            return Plan(provider_id=observed.provider_id, delivered=delivered)
        change = Change(group="status", field="status", before=observed.provider, after=record.status)
        return Plan(provider_id=observed.provider_id, calls=(record.status,), changes=(change,), delivered=delivered)

    async def apply(self, integration: Integration, plan: Plan, *, before_write: BeforeWrite = at_once) -> Applied:
        for text in plan.calls:
            await before_write()
            self.books[integration.client_id][plan.provider_id] = text
        return Applied(delivered=plan.delivered, calls=len(plan.calls))

    async def aclose(self) -> None:
        """It has no connections."""
