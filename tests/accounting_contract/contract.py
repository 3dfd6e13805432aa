"""What every accounting system's adapter must do, whatever the system: its tests subclass this and bring a bench."""

from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from accounting.port import FRESH_FOR, AccountingSystem, Applied, Observed, Plan
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Policy, VendorRecord
from schemas.records.vendor_row import Delivered

LINKED = "101"
UNKNOWN = "999"
EXPIRY = date(2027, 1, 31)


class Bench(ABC):
    """An adapter and the system behind it. It holds providers ``101`` (with one insurance row) and ``102``."""

    system: AccountingSystem
    integration: Integration

    @abstractmethod
    def writes(self) -> int:
        """How many write calls the system has received so far."""

    @abstractmethod
    def held(self) -> tuple[bool, str]:
        """Whether payments to the linked provider are held, and why, as the system has it."""

    @abstractmethod
    def person_holds(self, reason: str) -> None:
        """A person holds payments to the linked provider."""

    @abstractmethod
    def insurance_rows(self) -> list[tuple[str, date | None]]:
        """Policy number and expiration of each insurance row of the linked provider, in any order."""

    @abstractmethod
    def fail(self, kind: type[AccountingError], *, after_write: bool = False) -> None:
        """Make every call fail so from now on; ``after_write``: although what it asks is done."""

    @abstractmethod
    def recover(self) -> None:
        """No call fails any more."""

    def record(self, **changes: Any) -> VendorRecord:
        """A vendor that the linked provider is up to date with, unless changed."""
        fields: dict[str, Any] = {"client_id": self.integration.client_id, "vendor_id": "v-1", "version": 1}
        fields |= {"updated_at": datetime.now(UTC), "provider_id": LINKED, "compliant": True}
        return VendorRecord(**(fields | changes))

    async def plan(self, record: VendorRecord, delivered: Delivered | None = None) -> Plan:
        """A plan on a fresh observation."""
        observed = await self.system.observe_one(self.integration, LINKED)
        return self.system.plan(record, observed, self.integration, delivered or Delivered(), datetime.now(UTC))

    async def sync(self, record: VendorRecord, delivered: Delivered | None = None) -> tuple[Plan, Applied]:
        """Observe, plan, apply."""
        made = await self.plan(record, delivered)
        return made, await self.system.apply(self.integration, made)


class AccountingContract:
    """The suite. A subclass has a fixture ``bench``."""

    async def test_all_providers_are_observed_in_one_call(self, bench: Bench) -> None:
        began = datetime.now(UTC)
        providers = await bench.system.observe_all(bench.integration)
        assert {LINKED, "102"} <= set(providers)
        assert providers[LINKED].provider_id == LINKED
        assert began <= providers[LINKED].at <= datetime.now(UTC)
        assert UNKNOWN not in providers

    async def test_one_provider_is_observed_as_in_bulk(self, bench: Bench) -> None:
        one = await bench.system.observe_one(bench.integration, LINKED)
        many = await bench.system.observe_all(bench.integration)
        assert one.provider_id == LINKED
        assert one.provider == many[LINKED].provider

    async def test_an_unknown_provider_is_missing(self, bench: Bench) -> None:
        with pytest.raises(ProviderMissingError):
            await bench.system.observe_one(bench.integration, UNKNOWN)

    async def test_an_applied_plan_leaves_nothing_to_do(self, bench: Bench) -> None:
        record = bench.record(
            compliant=False,
            payment_hold=True,
            hold_reason="Lapsed & gone / 100% #1?",
            policies=(Policy(policy_type="General Liability", number="GL & 1", expires_on=EXPIRY),),
        )
        first, done = await bench.sync(record)
        assert first.calls
        assert first.changes
        assert done.left_alone == ()
        assert done.calls >= len(first.calls)
        writes = bench.writes()
        second, again = await bench.sync(record, done.delivered)
        assert second.calls == ()
        assert second.changes == ()
        assert again.calls == 0
        assert again.delivered == second.delivered == done.delivered
        assert bench.writes() == writes

    async def test_planning_makes_no_call_and_is_pure(self, bench: Bench) -> None:
        observed = await bench.system.observe_one(bench.integration, LINKED)
        now, record = datetime.now(UTC), bench.record(compliant=False)
        plans = [bench.system.plan(record, observed, bench.integration, Delivered(), now) for _ in range(2)]
        assert plans[0] == plans[1]
        assert bench.writes() == 0

    async def test_a_one_way_integration_is_never_written(self, bench: Bench) -> None:
        observed = await bench.system.observe_one(bench.integration, LINKED)
        record = bench.record(compliant=False, payment_hold=True)
        for changes in ({"mode": Mode.ONE_WAY}, {"ended_at": datetime.now(UTC)}, {"pushes": ()}):
            settings = bench.integration.model_copy(update=changes)
            plan = bench.system.plan(record, observed, settings, Delivered(), datetime.now(UTC))
            assert plan.calls == ()
            assert {left.code for left in plan.left_alone} == {"not_owned"}

    async def test_a_hold_is_placed_and_released(self, bench: Bench) -> None:
        await bench.sync(bench.record(payment_hold=True, hold_reason="Lapsed"))
        held, reason = bench.held()
        assert held
        assert bench.integration.hold_marker in reason
        assert "Lapsed" in reason
        await bench.sync(bench.record())
        held, reason = bench.held()
        assert not held
        assert bench.integration.hold_marker not in reason

    @pytest.mark.parametrize("desired", [True, False])
    async def test_a_persons_hold_is_never_touched(self, bench: Bench, *, desired: bool) -> None:
        bench.person_holds("Lawsuit")
        plan, _ = await bench.sync(bench.record(payment_hold=desired))
        assert bench.held() == (True, "Lawsuit")
        assert "foreign_hold" in {left.code for left in plan.left_alone}

    async def test_a_policy_is_created_renewed_and_never_doubled(self, bench: Bench) -> None:
        before = bench.insurance_rows()
        first = bench.record(policies=(Policy(policy_type="Umbrella", number="U-1", expires_on=EXPIRY),))
        _, done = await bench.sync(first)
        assert sorted(bench.insurance_rows()) == sorted([*before, ("U-1", EXPIRY)])
        assert done.delivered.policies[0].insurance_id
        later = EXPIRY.replace(year=2028)
        renewed = bench.record(policies=(Policy(policy_type="Umbrella", number="U-2", expires_on=later),))
        _, done = await bench.sync(renewed, done.delivered)
        await bench.sync(renewed, done.delivered)
        assert sorted(bench.insurance_rows()) == sorted([*before, ("U-2", later)])

    async def test_rows_of_others_are_never_deleted(self, bench: Bench) -> None:
        before = bench.insurance_rows()
        _, done = await bench.sync(bench.record(policies=()))
        await bench.sync(bench.record(policies=()), done.delivered)
        assert bench.insurance_rows() == before

    async def test_a_create_with_a_lost_answer_is_not_repeated(self, bench: Bench) -> None:
        record = bench.record(policies=(Policy(policy_type="Umbrella", number="U-1", expires_on=EXPIRY),))
        plan = await bench.plan(record)
        bench.fail(UnavailableError, after_write=True)
        with pytest.raises(UnavailableError):
            await bench.system.apply(bench.integration, plan)
        bench.recover()
        await bench.sync(record)
        assert [number for number, _ in bench.insurance_rows()].count("U-1") == 1

    async def test_delicate_decisions_need_a_fresh_observation(self, bench: Bench) -> None:
        fresh = await bench.system.observe_one(bench.integration, LINKED)
        stale = Observed(provider_id=fresh.provider_id, provider=fresh.provider, at=fresh.at - 2 * FRESH_FOR)
        now = fresh.at + timedelta(seconds=1)
        record = bench.record(payment_hold=True)
        plan = bench.system.plan(record, stale, bench.integration, Delivered(), now)
        assert plan.requires_fresh_observation
        assert not bench.system.plan(record, fresh, bench.integration, Delivered(), now).requires_fresh_observation
        with pytest.raises(ValueError, match="fresh"):
            await bench.system.apply(bench.integration, plan)
        assert bench.writes() == 0

    @pytest.mark.parametrize("kind", [UnavailableError, ThrottledError, CredentialsRefusedError, RejectedError])
    async def test_failures_are_distinguished(self, bench: Bench, kind: type[AccountingError]) -> None:
        plan = await bench.plan(bench.record(compliant=False))
        bench.fail(kind)
        with pytest.raises(kind) as reading:
            await bench.system.observe_one(bench.integration, LINKED)
        with pytest.raises(kind):
            await bench.system.observe_all(bench.integration)
        with pytest.raises(kind):
            await bench.system.apply(bench.integration, plan)
        assert type(reading.value) is kind
        assert reading.value.sentence.endswith(".")
        bench.recover()
        done = await bench.system.apply(bench.integration, plan)
        assert done.delivered == plan.delivered

    async def test_it_works_on_after_it_was_closed(self, bench: Bench) -> None:
        await bench.system.observe_one(bench.integration, LINKED)
        await bench.system.aclose()
        await bench.system.aclose()
        await bench.system.observe_one(bench.integration, LINKED)


ALL_GROUPS = tuple(FieldGroup)
