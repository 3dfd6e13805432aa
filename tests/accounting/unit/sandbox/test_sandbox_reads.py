import io
import json
import zipfile

import pytest

from accounting.vantaca.sandbox import Company, CompanySettings, Oddities
from tests.accounting.sandbox_caller import Caller

JOE = {
    "providerID": 123,
    "name": "Joe's Plumbing",
    "address": "456 Main Street",
    "unit": "Suite 12",
    "city": "Valencia",
    "state": "CA",
    "zip": "91355",
    "email": "joe@example.com",
    "phone": "(555) 123-4567",
    "fax": "",
    "taxID": "",
    "onHold": False,
    "onHoldReason": "",
    "compliant": True,
    "complianceStatus": "Approved",
    "complianceGroup": "",
    "providerInsurance": None,
}
ROWS = [
    {
        "providerInsuranceID": 1,
        "providerID": 123,
        "insuranceType": "Auto-Liability",
        "accountNo": "333333333",
        "expirationDate": "2022-03-25T00:00:00",
        "isRequired": False,
    },
    {
        "providerInsuranceID": 2,
        "providerID": 123,
        "insuranceType": "Worker's Comp",
        "accountNo": "CST2222222",
        "expirationDate": None,
        "isRequired": False,
    },
]


def be_odd(company: Company, **oddities: object) -> None:
    fields = {**company.settings.model_dump(), "oddities": Oddities.model_validate(oddities)}
    company.settings = CompanySettings.model_validate(fields)


async def test_a_bulk_read_is_an_array_of_all_providers(caller: Caller) -> None:
    reply = await caller.read()
    assert reply.status == 200
    assert reply.media_type.startswith("application/json")
    assert [provider["providerID"] for provider in reply.json()] == [123, 124]


async def test_a_provider_is_read_as_the_recordings_show_it(caller: Caller) -> None:
    assert (await caller.read("/read/providerSingle", providerID="123")).json() == JOE


async def test_provider_insurance_is_null_unless_asked_for(caller: Caller) -> None:
    plain = await caller.read("/read/provider", providerID="123")
    declined = await caller.read("/read/provider", providerID="123", includeInsurance="false")
    asked = await caller.read("/read/provider", providerID="123", includeInsurance="true")
    assert plain.json() == declined.json() == [JOE]
    assert asked.json() == [{**JOE, "providerInsurance": ROWS}]


async def test_dba_name_compliance_exempt_and_tax_id_are_not_returned(caller: Caller, acme: Company) -> None:
    acme.edit(123, compliance_exempt=True)
    read = (await caller.read("/read/providerSingle", providerID="123")).json()
    assert {"dbaName", "complianceExempt", "contactName"}.isdisjoint(read)
    assert read["taxID"] == ""
    assert acme.providers[123].dba_name == "Joe"
    assert acme.providers[123].tax_id == 123456789


async def test_a_read_without_a_match_is_204_without_a_body(caller: Caller, acme: Company) -> None:
    bulk = await caller.read(providerID="999")
    single = await caller.read("/read/providerSingle", providerID="999")
    assert (bulk.status, bulk.body, single.status, single.body) == (204, b"", 204, b"")
    for provider_id in list(acme.providers):
        acme.remove(provider_id)
    assert (await caller.read()).status == 204


async def test_an_unknown_single_provider_is_404_on_request(caller: Caller, acme: Company) -> None:
    be_odd(acme, unknown_provider=404)
    assert (await caller.read("/read/providerSingle", providerID="999")).status == 404


@pytest.mark.parametrize("parameters", [{}, {"providerID": ""}, {"providerID": "x"}, {"providerID": "9999999999"}])
async def test_a_single_read_without_a_valid_id_is_400(caller: Caller, parameters: dict[str, str]) -> None:
    reply = await caller.read("/read/providerSingle", **parameters)
    assert reply.status == 400
    assert "providerID" in reply.reason


async def test_zip_true_is_an_archive_of_data_json(caller: Caller) -> None:
    plain = await caller.read(includeInsurance="true")
    zipped = await caller.read(includeInsurance="true", zip="true")
    assert zipped.body.startswith(b"PK\x03\x04")
    with zipfile.ZipFile(io.BytesIO(zipped.body)) as archive:
        assert archive.namelist() == ["data.json"]
        assert json.loads(archive.read("data.json")) == plain.json()
    assert (await caller.read(zip="false")).body == (await caller.read()).body


async def test_zip_true_without_a_match_is_still_204(caller: Caller) -> None:
    assert (await caller.read(providerID="999", zip="true")).status == 204


async def test_zip_and_account_no_come_as_numbers_on_request(caller: Caller, acme: Company) -> None:
    be_odd(acme, numbers="number")
    joe, ann = (await caller.read(includeInsurance="true")).json()
    assert joe["zip"] == 91355
    assert ann["zip"] == "02139"
    assert [row["accountNo"] for row in joe["providerInsurance"]] == [333333333, "CST2222222"]


async def test_zip_and_account_no_differ_from_record_to_record_on_request(caller: Caller, acme: Company) -> None:
    acme.edit(124, zip="91355")
    be_odd(acme, numbers="mixed")
    joe, ann = (await caller.read()).json()
    assert (joe["zip"], ann["zip"]) == (91355, "91355")


async def test_the_casing_of_provider_insurance_changes_on_request(caller: Caller, acme: Company) -> None:
    be_odd(acme, insurance_key="ProviderInsurance")
    joe = (await caller.read("/read/providerSingle", providerID="123", includeInsurance="true")).json()
    assert "providerInsurance" not in joe
    assert joe["ProviderInsurance"] == ROWS


@pytest.mark.parametrize(
    ("midnight", "expected"),
    [
        ("T00:00:00", ["2022-03-25T00:00:00", "2022-04-25T00:00:00"]),
        ("T04:00:00", ["2022-03-25T04:00:00", "2022-04-25T04:00:00"]),
        ("mixed", ["2022-03-25T04:00:00", "2022-04-25T00:00:00"]),
    ],
)
async def test_dates_carry_a_midnight_and_no_offset(
    caller: Caller, acme: Company, midnight: str, expected: list[str]
) -> None:
    rows = [row.model_dump() for row in acme.providers[123].provider_insurance]
    acme.edit(123, provider_insurance=[rows[0], rows[1] | {"expiration_date": "2022-04-25"}])
    be_odd(acme, midnight=midnight)
    joe = (await caller.read("/read/providerSingle", providerID="123", includeInsurance="true")).json()
    assert [row["expirationDate"] for row in joe["providerInsurance"]] == expected


@pytest.mark.parametrize(("no_insurance", "expected"), [("empty", []), ("null", None), ("absent", "absent")])
async def test_no_insurance_looks_as_the_company_is_set(
    caller: Caller, acme: Company, no_insurance: str, expected: object
) -> None:
    be_odd(acme, no_insurance=no_insurance)
    ann = (await caller.read("/read/providerSingle", providerID="124", includeInsurance="true")).json()
    assert ann.get("providerInsurance", "absent") == expected


async def test_paths_and_parameter_names_are_read_in_any_case(caller: Caller) -> None:
    assert (await caller.read("/Read/ProviderSingle", PROVIDERID="123")).json() == JOE


@pytest.mark.parametrize("include", ["true", "false"])
async def test_a_read_shows_what_was_just_changed(caller: Caller, acme: Company, include: str) -> None:
    joe = (await caller.read(includeInsurance=include)).json()[0]
    assert (joe["onHold"], joe["zip"]) == (False, "91355")
    acme.edit(123, on_hold=True)
    joe = (await caller.read(includeInsurance=include)).json()[0]
    assert (joe["onHold"], joe["zip"]) == (True, "91355")
    be_odd(acme, numbers="number")
    joe = (await caller.read(includeInsurance=include)).json()[0]
    assert (joe["onHold"], joe["zip"]) == (True, 91355)
