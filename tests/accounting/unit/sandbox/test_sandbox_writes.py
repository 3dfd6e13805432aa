from datetime import date
from typing import Any

import pytest

from accounting.vantaca.sandbox import Company
from tests.accounting.sandbox_caller import CREDENTIALS, Caller

from .test_sandbox_reads import be_odd

UPDATE = "/write/providerUpdate"
CREATE_ROW = "/write/providerInsuranceCreate"
UPDATE_ROW = "/write/providerInsuranceUpdate"
DESTROY_ROW = "/write/providerInsuranceDestroy"


async def test_an_update_changes_what_is_sent_and_leaves_the_rest(caller: Caller, acme: Company) -> None:
    before = acme.providers[123]
    reply = await caller.write(UPDATE, providerID="123", complianceStatus="Suspended", compliant="false")
    assert (reply.status, reply.body) == (200, b"")
    after = acme.providers[123]
    assert after == before.model_copy(update={"compliance_status": "Suspended", "compliant": False})
    assert (await caller.read("/read/providerSingle", providerID="123")).json()["complianceStatus"] == "Suspended"


async def test_an_update_is_answered_204_on_request(caller: Caller, acme: Company) -> None:
    be_odd(acme, write_status=204)
    reply = await caller.write(UPDATE, providerID="123", name="Joe")
    assert (reply.status, reply.body, acme.providers[123].name) == (204, b"", "Joe")


async def test_an_update_takes_every_declared_field(caller: Caller, acme: Company) -> None:
    await caller.write(
        UPDATE,
        providerID="124",
        onHold="true",
        onHoldReason="VIVE",
        compliant="True",
        complianceStatus="Approved",
        complianceGroup="A",
        complianceExempt="true",
        name="Ann",
        dbaName="Ann Inc",
        streetNo="12",
        address1="Elm",
        address2="B",
        city="Reno",
        state="NV",
        zip="89501",
        phone="1",
        fax="2",
        contactName="Ann B",
        email="a@example.com",
        taxID="7",
        preferredProvider="true",
        report1099box="NEC",
        providerTypeID="3",
        is1099="true",
    )
    assert acme.providers[124].model_dump(by_alias=True) == {
        "providerID": 124,
        "onHold": True,
        "onHoldReason": "VIVE",
        "compliant": True,
        "complianceStatus": "Approved",
        "complianceGroup": "A",
        "complianceExempt": True,
        "name": "Ann",
        "dbaName": "Ann Inc",
        "streetNo": 12,
        "address1": "Elm",
        "address2": "B",
        "city": "Reno",
        "state": "NV",
        "zip": "89501",
        "phone": "1",
        "fax": "2",
        "contactName": "Ann B",
        "email": "a@example.com",
        "taxID": 7,
        "preferredProvider": True,
        "report1099box": "NEC",
        "providerTypeID": 3,
        "is1099": True,
        "providerInsurance": (),
    }


async def test_an_empty_string_blanks_the_field(caller: Caller, acme: Company) -> None:
    await caller.write(UPDATE, providerID="123", phone="", dbaName="", streetNo="", complianceStatus="", compliant="")
    joe = acme.providers[123]
    assert (joe.phone, joe.dba_name, joe.street_no, joe.compliance_status, joe.compliant) == ("", "", None, "", False)
    assert joe.email == "joe@example.com"


async def test_street_no_address1_and_address2_are_read_as_address_and_unit(caller: Caller) -> None:
    await caller.write(UPDATE, providerID="124", streetNo="12", address1="Elm Street", address2="#4")
    ann = (await caller.read("/read/providerSingle", providerID="124")).json()
    assert (ann["address"], ann["unit"]) == ("12 Elm Street", "#4")
    assert {"streetNo", "address1", "address2"}.isdisjoint(ann)


@pytest.mark.parametrize(
    "wrong",
    [{"streetNo": "12A"}, {"taxID": "12-3456789"}, {"onHold": "yes"}, {"providerTypeID": "1.5"}],
)
async def test_a_value_of_the_wrong_type_is_400_and_changes_nothing(
    caller: Caller, acme: Company, wrong: dict[str, str]
) -> None:
    before = acme.providers[123]
    reply = await caller.write(UPDATE, providerID="123", name="Changed", **wrong)
    assert reply.status == 400
    assert next(iter(wrong)) in reply.reason
    assert acme.providers[123] == before


async def test_a_hold_reason_is_at_most_255_characters(caller: Caller, acme: Company) -> None:
    assert (await caller.write(UPDATE, providerID="123", onHoldReason="x" * 256)).status == 400
    assert acme.providers[123].on_hold_reason == ""
    assert (await caller.write(UPDATE, providerID="123", onHoldReason="x" * 255)).status == 200
    assert acme.providers[123].on_hold_reason == "x" * 255


async def test_there_is_no_active_parameter(caller: Caller, acme: Company) -> None:
    before = acme.providers[123]
    assert (await caller.write(UPDATE, providerID="123", active="false", isActive="false")).status == 200
    assert acme.providers[123] == before


async def test_an_update_of_an_unknown_provider_is_204(caller: Caller, acme: Company) -> None:
    assert (await caller.write(UPDATE, providerID="999", name="Nobody")).status == 204
    assert 999 not in acme.providers


async def test_an_update_without_a_provider_id_is_400(caller: Caller) -> None:
    assert (await caller.write(UPDATE, name="Nobody")).status == 400


async def test_parameters_may_come_as_a_json_body(caller: Caller, acme: Company) -> None:
    reply = await caller.write(UPDATE, {"providerID": 123, "onHold": True, "zip": 91300, "streetNo": 7, "fax": None})
    joe = acme.providers[123]
    assert (reply.status, joe.on_hold, joe.zip, joe.street_no) == (200, True, "91300", 7)


async def test_credentials_in_a_body_do_not_count_and_are_no_data(caller: Caller, acme: Company) -> None:
    body: dict[str, Any] = {**CREDENTIALS, "providerID": 123, "name": "Changed"}
    refused = await caller.send("POST", UPDATE, credentials={}, body=body)
    other = await caller.write(UPDATE, {"company": "Other", "pwd": "x", "providerID": 123, "phone": "1"})
    assert (refused.status, other.status) == (403, 200)
    assert (acme.providers[123].name, acme.providers[123].phone) == ("Joe's Plumbing", "1")


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_400(caller: Caller, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with caller.session.post(caller.url + UPDATE, params=CREDENTIALS, data=body, headers=headers) as answer:
        assert answer.status == 400


async def test_a_new_provider_gets_an_id_and_starts_on_hold(caller: Caller, acme: Company) -> None:
    reply = await caller.write("/write/createProvider", name="New", city="Reno")
    assert reply.json() == {"providerID": 125}
    new = acme.providers[125]
    assert (new.name, new.city, new.on_hold) == ("New", "Reno", True)
    assert (await caller.write("/write/createProvider", city="Reno")).status == 400


async def test_creating_insurance_twice_makes_two_rows_and_returns_no_id(caller: Caller, acme: Company) -> None:
    row = {
        "providerID": "124",
        "insuranceType": "Professional Liability/Errors & Omissions",
        "accountNo": "P/1 & 2",
        "expirationDate": "2027-01-31T00:00:00",
    }
    replies = [await caller.write(CREATE_ROW, **row) for _ in range(2)]
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 2
    first, second = acme.providers[124].provider_insurance
    assert (first.provider_insurance_id, second.provider_insurance_id) == (3, 4)
    assert first.insurance_type == second.insurance_type == "Professional Liability/Errors & Omissions"
    assert first.account_no == "P/1 & 2"
    assert first.expiration_date == date(2027, 1, 31)
    assert not first.is_required


@pytest.mark.parametrize("missing", ["providerID", "insuranceType", "accountNo"])
async def test_new_insurance_wants_provider_type_and_number(caller: Caller, acme: Company, missing: str) -> None:
    row = {"providerID": "124", "insuranceType": "Umbrella Liability", "accountNo": "1"}
    del row[missing]
    reply = await caller.write(CREATE_ROW, **row)
    assert reply.status == 400
    assert missing in reply.reason
    assert acme.providers[124].provider_insurance == ()


async def test_insurance_of_an_unknown_provider_is_204(caller: Caller) -> None:
    reply = await caller.write(CREATE_ROW, providerID="999", insuranceType="Misc/Other", accountNo="1")
    assert reply.status == 204


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-05-01", date(2026, 5, 1)),
        ("2026-05-01T00:00:00", date(2026, 5, 1)),
        ("2026-05-01T00:00:00Z", date(2026, 5, 1)),
        ("2026-05-01T00:00:00-04:00", date(2026, 5, 1)),
        ("5/1/2026", date(2026, 5, 1)),
        ("2026-02-30", None),
        ("31/12/2026", None),
        ("next year", None),
        ("", None),
        ("0001-01-01T00:00:00+10:00", None),
    ],
)
async def test_an_invalid_date_silently_becomes_null(
    caller: Caller, acme: Company, sent: str, stored: date | None
) -> None:
    reply = await caller.write(UPDATE_ROW, providerInsuranceID="1", insuranceType="Auto-Liability", expirationDate=sent)
    assert reply.status == 200
    assert acme.providers[123].provider_insurance[0].expiration_date == stored


async def test_an_insurance_update_leaves_what_is_absent(caller: Caller, acme: Company) -> None:
    before = acme.providers[123].provider_insurance
    await caller.write(UPDATE_ROW, {"providerInsuranceID": "1", "insuranceType": "Auto Liability", "isRequired": True})
    changed = before[0].model_copy(update={"insurance_type": "Auto Liability", "is_required": True})
    assert acme.providers[123].provider_insurance == (changed, before[1])


async def test_an_insurance_update_wants_the_type(caller: Caller) -> None:
    assert (await caller.write(UPDATE_ROW, providerInsuranceID="1", accountNo="9")).status == 400
    assert (await caller.write(UPDATE_ROW, providerInsuranceID="1", insuranceType="", accountNo="9")).status == 400


async def test_destroyed_insurance_is_gone_and_an_unknown_row_is_204(caller: Caller, acme: Company) -> None:
    assert (await caller.write(DESTROY_ROW, providerInsuranceID="1")).status == 200
    assert [row.provider_insurance_id for row in acme.providers[123].provider_insurance] == [2]
    assert (await caller.write(DESTROY_ROW, providerInsuranceID="1")).status == 204
    assert (await caller.write(UPDATE_ROW, providerInsuranceID="1", insuranceType="Auto")).status == 204
    assert (await caller.write(DESTROY_ROW)).status == 400


async def test_ids_are_not_used_again(caller: Caller, acme: Company) -> None:
    await caller.write(DESTROY_ROW, providerInsuranceID="2")
    await caller.write(CREATE_ROW, providerID="123", insuranceType="Misc/Other", accountNo="1")
    assert [row.provider_insurance_id for row in acme.providers[123].provider_insurance] == [1, 3]
