import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from accounting.credentials import CredentialsFolder
from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.sandbox import (
    CompanySettings,
    ErrorAnswer,
    Insurance,
    Oddities,
    Provider,
    RunningSandbox,
    Sandbox,
    run_sandbox,
)
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Policy, PostalAddress
from schemas.records.vendor_row import Delivered
from tests.accounting_contract.contract import ALL_GROUPS, EXPIRY, LINKED, AccountingContract, Bench

STATUSES = {UnavailableError: 503, ThrottledError: 429, CredentialsRefusedError: 403, RejectedError: 400}
PLAIN = Oddities()
ODD = Oddities(
    numbers="mixed",
    insurance_key="ProviderInsurance",
    midnight="mixed",
    no_insurance="absent",
    unknown_provider=404,
    write_status=204,
    error_type="text/html; charset=utf-8",
)


class VantacaBench(Bench):
    def __init__(self, served: RunningSandbox, folder: Path, oddities: Oddities, **changes: Any) -> None:
        self.sandbox = served.sandbox
        settings = CompanySettings(
            company="Acme & Co",
            login="vive/sync",
            pwd=SecretStr("p&ss wörd+%41"),
            basic_required=bool(changes.get("basic_auth")),
            oddities=oddities,
        )
        row = Insurance(provider_insurance_id=1, insurance_type="Auto-Liability", account_no="333333333")
        provider = Provider(
            provider_id=int(LINKED),
            name="Joe's Plumbing",
            street_no=456,
            address1="Main Street",
            compliant=True,
            compliance_status="Approved",
            provider_insurance=(row,),
        )
        self.company = served.sandbox.add_company(settings, [provider, Provider(provider_id=102, name="Ann")])
        credentials = {"company": "Acme & Co", "login": "vive/sync", "password": "p&ss wörd+%41"}
        (folder / "acme.json").write_text(json.dumps(credentials))
        self.system = Vantaca(CredentialsFolder(folder))
        fields: dict[str, Any] = {
            "client_id": "acme",
            "system": "vantaca",
            "mode": Mode.SYSTEM_OF_RECORD,
            "pushes": ALL_GROUPS,
            "status_texts": {"active": "Approved", "inactive": "Inactive"},
            "base_url": served.url,
            "credentials_ref": "acme",
            "timeout_seconds": 20.0,
            "updated_at": datetime.now(UTC),
        }
        self.integration = Integration(**(fields | changes))

    @property
    def provider(self) -> Provider:
        return self.company.providers[int(LINKED)]

    def writes(self) -> int:
        paths = self.sandbox.call_log.counters().by_path
        return sum(calls for path, calls in paths.items() if path.startswith("/write/"))

    def held(self) -> tuple[bool, str]:
        return self.provider.on_hold, self.provider.on_hold_reason

    def person_holds(self, reason: str) -> None:
        self.company.edit(int(LINKED), on_hold=True, on_hold_reason=reason)

    def insurance_rows(self) -> list[tuple[str, date | None]]:
        return [(row.account_no, row.expiration_date) for row in self.provider.provider_insurance]

    def fail(self, kind: type[AccountingError], *, after_write: bool = False) -> None:
        self.sandbox.faults.put(
            "all", ErrorAnswer(status=STATUSES[kind], reason="As configured.", after_write=after_write)
        )

    def recover(self) -> None:
        self.sandbox.faults.clear()


@pytest.fixture
async def served() -> AsyncIterator[RunningSandbox]:
    async with await run_sandbox(Sandbox(seed=1)) as running:
        yield running


class TestVantaca(AccountingContract):
    @pytest.fixture(
        params=[
            pytest.param((PLAIN, {}), id="plain"),
            pytest.param((ODD, {}), id="odd"),
            pytest.param((ODD, {"write_parameters": "body", "basic_auth": True}), id="body"),
        ]
    )
    async def bench(
        self, served: RunningSandbox, tmp_path: Path, request: pytest.FixtureRequest
    ) -> AsyncIterator[VantacaBench]:
        oddities, changes = request.param
        made = VantacaBench(served, tmp_path, oddities, **changes)
        yield made
        await made.system.aclose()

    async def test_one_call_and_no_read_back_where_only_fields_are_written(self, bench: VantacaBench) -> None:
        plan, done = await bench.sync(bench.record(compliant=False, legal_name="Joe's Plumbing & Söhne"))
        assert len(plan.calls) == 1
        assert done.calls == (1 if bench.company.settings.oddities.write_status == 200 else 2)
        assert (bench.provider.compliance_status, bench.provider.compliant) == ("Inactive", False)
        assert bench.provider.name == "Joe's Plumbing & Söhne"

    async def test_what_is_not_sent_stays(self, bench: VantacaBench) -> None:
        before = bench.provider
        address = PostalAddress(street="12 Oak Ave")
        await bench.sync(bench.record(address=address))
        assert bench.provider == before.model_copy(update={"street_no": 12, "address1": "Oak Ave"})

    async def test_a_number_stays_where_vantaca_keeps_it(self, bench: VantacaBench) -> None:
        plan, _ = await bench.sync(bench.record(address=PostalAddress(street="12A Oak Ave")))
        assert plan.calls == ()
        assert bench.provider.address == "456 Main Street"

    async def test_a_write_reports_a_provider_that_is_gone(self, bench: VantacaBench) -> None:
        for changes in (
            {"compliant": False},
            {"policies": (Policy(policy_type="Umbrella", number="U-1", expires_on=EXPIRY),)},
        ):
            plan = await bench.plan(bench.record(**changes))
            before = bench.provider
            bench.company.remove(int(LINKED))
            with pytest.raises(ProviderMissingError):
                await bench.system.apply(bench.integration, plan)
            bench.company.put(before)

    async def test_a_row_that_is_gone_is_planned_anew(self, bench: VantacaBench) -> None:
        record = bench.record(policies=(Policy(policy_type="Auto Liability", number="333333333", expires_on=EXPIRY),))
        plan = await bench.plan(record)
        assert len(plan.calls) == 1
        bench.company.edit(int(LINKED), provider_insurance=())
        with pytest.raises(UnavailableError, match="plans anew"):
            await bench.system.apply(bench.integration, plan)
        await bench.sync(record)
        assert bench.insurance_rows() == [("333333333", EXPIRY)]

    async def test_policies_that_cannot_be_pushed_cost_no_call_and_hold_nothing_back(self, bench: VantacaBench) -> None:
        policies = (
            Policy(policy_type="Umbrella", number=""),
            Policy(policy_type="", number="U-1"),
            Policy(policy_type="Auto Liability", number="333333333", expires_on=EXPIRY, status="Missing"),
        )
        before = bench.insurance_rows()
        plan, _ = await bench.sync(bench.record(payment_hold=True, hold_reason="lapsed", policies=policies))
        assert len(plan.calls) == 1
        codes = [left.code for left in plan.left_alone if left.group == FieldGroup.INSURANCE]
        assert codes == ["not_pushable"] * 3
        assert bench.held() == (True, "[VIVE] lapsed")
        assert bench.insurance_rows() == before

    async def test_a_link_that_is_no_number_is_rejected_without_a_call(self, bench: VantacaBench) -> None:
        with pytest.raises(RejectedError, match="mend the vendor's link"):
            await bench.system.observe_one(bench.integration, "abc")
        assert bench.sandbox.call_log.count() == 0

    async def test_no_providers_at_all(self, bench: VantacaBench) -> None:
        for provider_id in list(bench.company.providers):
            bench.company.remove(provider_id)
        assert dict(await bench.system.observe_all(bench.integration)) == {}

    async def test_every_provider_is_observed_with_its_oddities(self, bench: VantacaBench) -> None:
        bench.company.edit(102, zip="91355", onHoldReason="Ä / ß")
        for provider_id, observed in (await bench.system.observe_all(bench.integration)).items():
            assert observed.provider == (await bench.system.observe_one(bench.integration, provider_id)).provider
        plan, _ = await bench.sync(bench.record(), Delivered())
        assert plan.calls == ()
