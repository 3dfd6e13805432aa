from dataclasses import replace

from hypothesis import given

from accounting.vantaca.planning.calls import CreateInsurance, UpdateInsurance, UpdateProvider
from accounting.vantaca.planning.readback import not_stored, rows_gone, with_ids
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered, DeliveredPolicy
from tests.accounting.builders import (
    EXPIRY,
    GL,
    applied,
    deliveries,
    integrations,
    plan,
    provider,
    providers,
    records,
    row,
)

CREATE = CreateInsurance(provider_id="123", insurance_type=GL, account_no="GL-2", expires_on=EXPIRY, is_required=False)
UPDATE = UpdateInsurance(
    provider_id="123", insurance_id="1", insurance_type=GL, account_no="GL-2", expires_on=EXPIRY.replace(year=2030)
)


def test_a_date_that_was_dropped_is_reported() -> None:
    there = provider(insurance=(row("1", GL, "GL-2", expires_on=None),))
    for call in (CREATE, UPDATE):
        (left,) = not_stored([call], there)
        assert (left.code, left.group, left.observed) == ("not_stored", "insurance", None)
        assert left.field == "General Liability GL-2: expirationDate"
        assert left.desired == str(call.expires_on)


def test_a_row_that_does_not_exist_is_reported() -> None:
    there = provider(insurance=())
    (left,) = not_stored([CREATE], there)
    assert (left.field, left.code) == ("General Liability GL-2", "not_stored")
    assert rows_gone([UPDATE], there)
    assert not rows_gone([CREATE], there)


def test_a_number_that_was_not_stored_is_reported() -> None:
    there = provider(insurance=(row("1", GL, "GL-1", expires_on=UPDATE.expires_on),))
    (left,) = not_stored([UPDATE], there)
    assert (left.field, left.observed, left.desired) == ("General Liability GL-2: accountNo", "GL-1", "GL-2")


def test_fields_that_were_not_stored_are_reported() -> None:
    fields = (("compliant", False), ("name", "New"), ("dbaName", "No read returns it"), ("streetNo", 1), ("zip", "1"))
    lefts = not_stored([UpdateProvider("123", (*fields, ("address1", "New St")))], provider())
    assert [(left.field, left.observed, left.desired) for left in lefts] == [
        ("address", "456 Main St", "1 New St"),
        ("compliant", "yes", "no"),
        ("name", "Joe's Plumbing", "New"),
        ("zip", "91355", "1"),
    ]


def test_new_rows_get_their_ids_one_each() -> None:
    there = provider(insurance=(row("5", GL, "GL-2"), row("6", "Auto", "A")))
    policies = (
        DeliveredPolicy(policy_type="auto", number="a"),
        DeliveredPolicy(policy_type=GL, number="gl-2"),
        DeliveredPolicy(policy_type=GL, number="GL-2"),
        DeliveredPolicy(policy_type=GL, number="GL-3"),
    )
    found = with_ids(Delivered(dba_name="Joe", policies=policies), there)
    assert [policy.insurance_id for policy in found.policies] == ["6", "5", None, None]
    assert found.dba_name == "Joe"


@given(records, providers, integrations, deliveries)
def test_values_that_were_stored_are_not_reported(
    vendor: VendorRecord, there: Provider, settings: Integration, delivered: Delivered
) -> None:
    made = plan(vendor, replace(there, unit=there.unit.strip()), settings, delivered)
    after = applied(there, made.calls)
    assert not_stored(made.calls, after) == ()
    assert not rows_gone(made.calls, after)
    again = plan(vendor, after, settings, with_ids(made.delivered, after))
    assert again.calls == ()
