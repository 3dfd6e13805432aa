"""A sandbox Vantaca with one company, and a caller of its paths."""

from collections.abc import AsyncIterator
from datetime import date

import aiohttp
import pytest
from pydantic import SecretStr

from accounting.vantaca.sandbox import (
    Company,
    CompanySettings,
    Insurance,
    Provider,
    RunningSandbox,
    Sandbox,
    run_sandbox,
)
from tests.accounting.sandbox_caller import CREDENTIALS, Caller
from tests.support.slowness import patient


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(seed=7)


@pytest.fixture
def acme(sandbox: Sandbox) -> Company:
    settings = CompanySettings(
        company=CREDENTIALS["company"], login=CREDENTIALS["login"], pwd=SecretStr(CREDENTIALS["pwd"])
    )
    joe = Provider(
        provider_id=123,
        name="Joe's Plumbing",
        dba_name="Joe",
        street_no=456,
        address1="Main Street",
        address2="Suite 12",
        city="Valencia",
        state="CA",
        zip="91355",
        phone="(555) 123-4567",
        email="joe@example.com",
        tax_id=123456789,
        compliant=True,
        compliance_status="Approved",
        provider_insurance=(
            Insurance(
                provider_insurance_id=1,
                insurance_type="Auto-Liability",
                account_no="333333333",
                expiration_date=date(2022, 3, 25),
            ),
            Insurance(provider_insurance_id=2, insurance_type="Worker's Comp", account_no="CST2222222"),
        ),
    )
    ann = Provider(provider_id=124, name="Ann's Roofs", zip="02139")
    return sandbox.add_company(settings, [joe, ann])


@pytest.fixture
async def running(sandbox: Sandbox, acme: Company) -> AsyncIterator[RunningSandbox]:
    assert sandbox.companies["Acme"] is acme
    async with await run_sandbox(sandbox) as served:
        yield served


@pytest.fixture
async def caller(running: RunningSandbox) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=patient(20))
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Caller(url=running.url, session=session)
