import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from accounting.vantaca.sandbox import Company, CompanySettings, Provider, Sandbox, SandboxData, load, read_data_file
from accounting.vantaca.sandbox.calls.call_log import CallLog, LoggedCall
from tests.accounting.sandbox_caller import CREDENTIALS, Caller


async def test_admin_paths_take_no_credentials(caller: Caller) -> None:
    assert (await caller.admin("GET", "health")).json() == {"status": "ok"}
    assert (await caller.admin("GET", "companies")).json() == {"companies": {"Acme": 2}}


async def test_a_company_goes_out_and_in_whole(caller: Caller, sandbox: Sandbox) -> None:
    data = (await caller.admin("GET", "companies/Acme")).json()
    assert {name: data[name] for name in CREDENTIALS} == CREDENTIALS
    assert data["providers"][0]["dbaName"] == "Joe"
    assert (await caller.admin("PUT", "companies/Copy", data)).status == 204
    assert sandbox.companies["Copy"].providers == sandbox.companies["Acme"].providers
    read = await caller.send("GET", "/read/provider", credentials=CREDENTIALS | {"company": "Copy"})
    assert read.body == (await caller.read()).body
    assert (await caller.admin("DELETE", "companies/Copy")).status == 204
    assert list(sandbox.companies) == ["Acme"]


async def test_a_password_is_changed_behind_the_products_back(caller: Caller) -> None:
    assert (await caller.admin("PATCH", "companies/Acme", {"pwd": "new"})).status == 204
    assert (await caller.read()).status == 403
    assert (await caller.send("GET", "/read/provider", credentials=CREDENTIALS | {"pwd": "new"})).status == 200


async def test_oddities_are_set_over_http(caller: Caller) -> None:
    await caller.admin("PATCH", "companies/Acme", {"oddities": {"numbers": "number"}})
    assert (await caller.read()).json()[0]["zip"] == 91355


async def test_a_provider_is_read_with_everything_and_edited_over_http(caller: Caller, acme: Company) -> None:
    before = (await caller.admin("GET", "companies/Acme/providers/123")).json()
    assert (before["dbaName"], before["taxID"], before["streetNo"]) == ("Joe", 123456789, 456)
    patched = await caller.admin("PATCH", "companies/Acme/providers/123", {"onHold": True, "onHoldReason": "by hand"})
    assert patched.json() == before | {"onHold": True, "onHoldReason": "by hand"}
    assert acme.providers[123].on_hold
    assert (await caller.read("/read/providerSingle", providerID="123")).json()["onHoldReason"] == "by hand"
    everyone = (await caller.admin("GET", "companies/Acme/providers")).json()
    assert [provider["providerID"] for provider in everyone] == [123, 124]


async def test_insurance_rows_are_edited_over_http(caller: Caller, acme: Company) -> None:
    row = {"providerInsuranceID": 9, "insuranceType": "Umbrella Liability", "accountNo": "U", "expirationDate": None}
    patched = await caller.admin("PATCH", "companies/Acme/providers/124", {"providerInsurance": [row]})
    assert patched.status == 200
    assert acme.holder_of(9) == acme.providers[124]
    taken = await caller.admin(
        "PATCH", "companies/Acme/providers/124", {"providerInsurance": [row | {"providerInsuranceID": 1}]}
    )
    assert taken.json() == {"error": "an insurance row belongs to another provider"}


async def test_a_provider_is_put_and_deleted_over_http(caller: Caller, acme: Company) -> None:
    assert (await caller.admin("PUT", "companies/Acme/providers/500", {"name": "Put"})).status == 204
    assert acme.providers[500] == Provider(provider_id=500, name="Put")
    assert (await caller.admin("DELETE", "companies/Acme/providers/500")).status == 204
    assert 500 not in acme.providers


async def test_calls_are_logged_without_credentials_and_counted(caller: Caller) -> None:
    await caller.read(includeInsurance="true")
    await caller.write("/WRITE/providerupdate", {"phone": "1"}, providerID="123")
    await caller.send("GET", "/read/provider", credentials={"company": "Nobody"})
    log = (await caller.admin("GET", "calls")).json()
    assert log["matching"] == 3
    assert all(call.pop("at") > 1_600_000_000 for call in log["calls"])
    assert log["calls"][:2] == [
        {
            "company": "Acme",
            "method": "GET",
            "path": "/read/provider",
            "parameters": {"includeinsurance": "true"},
            "status": 200,
            "fault": None,
        },
        {
            "company": "Acme",
            "method": "POST",
            "path": "/write/providerUpdate",
            "parameters": {"providerid": "123", "phone": "1"},
            "status": 200,
            "fault": None,
        },
    ]
    counters = (await caller.admin("GET", "counters")).json()
    assert counters == {
        "total": 3,
        "byPath": {"/read/provider": 2, "/write/providerUpdate": 1},
        "byCompany": {"Acme": 2, "Nobody": 1},
        "byStatus": {"200": 2, "403": 1},
        "byCompanyAndPath": {
            "Acme": {"/read/provider": 1, "/write/providerUpdate": 1},
            "Nobody": {"/read/provider": 1},
        },
        "inFlight": 0,
        "mostInFlight": 1,
        "mostInFlightByCompany": {"Acme": 1, "Nobody": 1},
    }
    newest = (await caller.admin("GET", "calls", company="Acme", path="/read/provider", limit="1")).json()
    assert (newest["matching"], len(newest["calls"])) == (1, 1)
    assert (await caller.admin("DELETE", "calls")).status == 204
    assert (await caller.admin("GET", "calls")).json() == {"calls": [], "matching": 0}
    assert (await caller.admin("GET", "counters")).json()["total"] == 0


async def test_faults_are_put_listed_and_removed_over_http(caller: Caller) -> None:
    fault = {"kind": "error", "status": 500, "reason": "Down", "calls": 2, "path": "/read/"}
    assert (await caller.admin("PUT", "faults/down", fault)).status == 204
    assert (await caller.read()).reason == "Down"
    listed = (await caller.admin("GET", "faults")).json()
    assert listed["down"]["remaining"] == 1
    assert fault.items() <= listed["down"]["fault"].items()
    assert (await caller.admin("DELETE", "faults/down")).status == 204
    assert (await caller.read()).status == 200
    await caller.admin("PUT", "faults/drop", {"kind": "drop"})
    assert (await caller.admin("DELETE", "faults")).status == 204
    assert (await caller.admin("GET", "faults")).json() == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "companies/Nobody", None, 404),
        ("GET", "companies/Acme/providers/999", None, 404),
        ("DELETE", "companies/Acme/providers/999", None, 404),
        ("DELETE", "faults/none", None, 404),
        ("POST", "companies", None, 405),
        ("GET", "companies/Acme/providers/x", None, 400),
        ("PUT", "companies/New", {"login": "x"}, 400),
        ("PUT", "companies/New", [1], 400),
        ("PATCH", "companies/Acme/providers/123", {"providerID": 124}, 400),
        ("PATCH", "companies/Acme/providers/123", {"active": False}, 400),
        ("PUT", "faults/odd", {"kind": "magic"}, 400),
        ("PUT", "faults/odd", {"kind": "error", "reason": "two\r\nlines"}, 400),
        ("PUT", "faults/odd", {"kind": "latency", "minSeconds": 2, "maxSeconds": 1}, 400),
    ],
)
async def test_the_answer_to_an_invalid_admin_call_has_the_reason(
    caller: Caller, method: str, path: str, body: object, status: int
) -> None:
    reply = await caller.admin(method, path, body)
    assert reply.status == status
    assert reply.json()["error"]


async def test_no_admin_error_repeats_a_password(caller: Caller) -> None:
    reply = await caller.admin("PUT", "companies/New", {"login": 5, "pwd": "s3cret-pwd", "providers": "s3cret-pwd"})
    assert reply.status == 400
    assert b"s3cret-pwd" not in reply.body


def test_the_detailed_log_is_bounded_and_the_counters_are_not() -> None:
    log = CallLog(capacity=3)
    for number in range(5):
        log.begin("Acme", "/read/provider")
        log.end(
            LoggedCall(
                at=float(number),
                company="Acme",
                method="GET",
                path="/read/provider",
                parameters={},
                status=200,
                fault=None,
            )
        )
    assert [call.at for call in log.calls] == [2.0, 3.0, 4.0]
    assert log.count() == log.count("/read/provider") == log.count(company="Acme") == 5
    assert log.count("/read/providerSingle") == 0


DATA = {
    "companies": [
        {
            "company": "Bee",
            "login": "b",
            "pwd": "s3cret-pwd",
            "basicRequired": True,
            "oddities": {"numbers": "mixed"},
            "providers": [
                {
                    "providerID": 1,
                    "name": "One",
                    "providerInsurance": [
                        {"providerInsuranceID": 1, "insuranceType": "Misc/Other", "expirationDate": "2027-01-31"}
                    ],
                }
            ],
        }
    ],
    "faults": {"slow": {"kind": "latency", "maxSeconds": 0.1}},
}


def test_a_data_file_fills_a_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(DATA))
    sandbox = Sandbox()
    load(sandbox, read_data_file(path))
    bee = sandbox.companies["Bee"]
    assert (bee.settings.basic_required, bee.settings.oddities.numbers) == (True, "mixed")
    assert bee.providers[1].provider_insurance[0].account_no == ""
    assert list(sandbox.faults.faults) == ["slow"]


def test_a_data_file_that_does_not_fit_is_refused_without_repeating_it(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(DATA).replace('"login": "b"', '"logni": "s3cret-pwd"'))
    with pytest.raises(ValidationError) as refused:
        read_data_file(path)
    assert "logni" in str(refused.value)
    assert "s3cret-pwd" not in str(refused.value)
    path.write_text('{"companies": "s3cret-pwd')
    with pytest.raises(ValidationError) as broken:
        read_data_file(path)
    assert "s3cret-pwd" not in str(broken.value)


def test_two_providers_with_one_id_or_one_row_are_refused() -> None:
    settings = CompanySettings.model_validate({"company": "Bee", "login": "b", "pwd": "b"})
    one = Provider(provider_id=1, name="One")
    with pytest.raises(ValueError, match="two providers have one providerID"):
        Sandbox().add_company(settings, [one, one])
    row = {"provider_insurance_id": 1, "insurance_type": "Misc/Other"}
    both = [Provider.model_validate({"provider_id": n, "name": "x", "provider_insurance": [row]}) for n in (1, 2)]
    with pytest.raises(ValueError, match="belongs to another provider"):
        Sandbox().add_company(settings, both)
    assert SandboxData() == SandboxData.model_validate({})
