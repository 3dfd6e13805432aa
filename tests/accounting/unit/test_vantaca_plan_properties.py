from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.port import Plan
from accounting.vantaca.planning.calls import CreateInsurance, UpdateInsurance, UpdateProvider
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import Provider
from schemas.records.integration import FieldGroup, Integration, ineligible_reason
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered
from tests.accounting.builders import applied, deliveries, fields_of, integrations, plan, providers, records

any_example = given(records, providers, integrations, deliveries)

STATUS_FIELDS = {"complianceStatus", "compliant"}
FIELDS = {
    FieldGroup.STATUS: STATUS_FIELDS,
    FieldGroup.PAYMENT_HOLD: {"onHold", "onHoldReason"},
    FieldGroup.NAMES: {"name", "dbaName"},
    FieldGroup.ADDRESS: {"streetNo", "address1", "address2", "city", "state", "zip"},
}


def key(insurance_type: str, number: str) -> tuple[str, str]:
    return normalise.insurance_type(insurance_type), normalise.policy_number(number)


@any_example
@settings(max_examples=400)
def test_nothing_is_left_to_write_once_a_plan_is_applied(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    first = plan(vendor, there, integration, delivered)
    second = plan(vendor, applied(there, first.calls), integration, first.delivered)
    assert second.calls == ()
    assert second.changes == ()
    third = plan(vendor, applied(there, first.calls), integration, second.delivered)
    assert third == second


@any_example
def test_an_integration_that_cannot_be_synced_never_yields_a_call(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    if ineligible_reason(vendor.client_id, integration) is None:
        return
    made = plan(vendor, there, integration, delivered)
    assert (made.calls, made.changes, made.requires_fresh_observation) == ((), (), False)
    assert made.delivered == delivered


@any_example
def test_no_call_carries_an_empty_value(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    for call in plan(vendor, there, integration, delivered).calls:
        for name, value in call.parameters():
            assert value is not None
            assert str(value).strip(), name


@any_example
def test_a_persons_hold_is_never_touched(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    marker = integration.hold_marker.strip()
    fields = fields_of(plan(vendor, there, integration, delivered))
    if there.on_hold is not False and not (marker and marker in normalise.text(there.on_hold_reason)):
        assert not fields.keys() & FIELDS[FieldGroup.PAYMENT_HOLD]
    if fields.get("onHold") is False:
        assert marker in normalise.text(there.on_hold_reason)
        assert marker not in fields["onHoldReason"]


@any_example
def test_a_hold_reason_carries_the_marker_and_fits(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    fields = fields_of(plan(vendor, there, integration, delivered))
    reason = fields.get("onHoldReason")
    if reason is not None:
        assert len(reason.encode("utf-16-le")) // 2 <= 255
        assert reason.startswith(integration.hold_marker.strip()) is vendor.payment_hold


@any_example
def test_an_insurance_row_is_never_doubled_nor_written_twice(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    made = plan(vendor, there, integration, delivered)
    seen = {key(row.insurance_type, row.account_no) for row in there.insurance}
    for call in made.calls:
        if isinstance(call, CreateInsurance):
            new = key(call.insurance_type, call.account_no)
            assert new not in seen
            seen.add(new)
    updated = [call.insurance_id for call in made.calls if isinstance(call, UpdateInsurance)]
    assert len(updated) == len(set(updated))
    ids = [policy.insurance_id for policy in made.delivered.policies if policy.insurance_id]
    if made.delivered.policies != delivered.policies:
        assert len(ids) == len(set(ids))


@any_example
def test_what_is_not_owned_is_never_written(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    made = plan(vendor, there, integration, delivered)
    for group, fields in FIELDS.items():
        if not integration.owns(group):
            assert not fields_of(made).keys() & fields
    if not integration.owns(FieldGroup.INSURANCE):
        assert all(isinstance(call, UpdateProvider) for call in made.calls)
    assert all(integration.owns(FieldGroup(change.group)) for change in made.changes)


@any_example
def test_nobody_elses_row_is_written(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    known = {key(policy.policy_type, policy.number) for policy in delivered.policies}
    ids = {policy.insurance_id for policy in delivered.policies}
    for call in plan(vendor, there, integration, delivered).calls:
        if isinstance(call, UpdateInsurance) and call.account_no is not None:
            written = next(row for row in there.insurance if row.insurance_id == call.insurance_id)
            assert written.insurance_id in ids or key(written.insurance_type, written.account_no) in known


@given(records, providers, integrations, deliveries, st.randoms(use_true_random=False))
def test_a_plan_depends_on_no_order(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered, random: Random
) -> None:
    shuffled = list(vendor.policies)
    random.shuffle(shuffled)
    first = plan(vendor, there, integration, delivered)
    assert plan(vendor, there, integration, delivered) == first
    second = plan(vendor.model_copy(update={"policies": tuple(shuffled)}), there, integration, delivered)
    assert second.calls == first.calls
    assert second.delivered == first.delivered


@any_example
def test_every_write_is_reported_and_every_report_is_a_write(
    vendor: VendorRecord, there: Provider, integration: Integration, delivered: Delivered
) -> None:
    made: Plan = plan(vendor, there, integration, delivered)
    assert bool(made.calls) is bool(made.changes)
    for change in made.changes:
        assert change.before != change.after
