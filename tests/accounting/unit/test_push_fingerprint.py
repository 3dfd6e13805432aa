import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.push_fingerprint import fingerprint, status_word
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Policy, PostalAddress, VendorRecord
from tests.accounting.builders import EXPIRY, GL, integration, integrations, record, records

PUSHED = {
    FieldGroup.STATUS: record(compliant=False),
    FieldGroup.PAYMENT_HOLD: record(payment_hold=True),
    FieldGroup.INSURANCE: record(policies=()),
    FieldGroup.NAMES: record(dba_name="Joe"),
    FieldGroup.ADDRESS: record(address=PostalAddress(street="1 New St")),
}


@pytest.mark.parametrize("group", FieldGroup)
def test_a_change_counts_where_its_group_is_owned(group: FieldGroup) -> None:
    owner = integration(pushes=(group,))
    assert fingerprint(PUSHED[group], owner) != fingerprint(record(), owner)
    others = integration(pushes=tuple(other for other in FieldGroup if other is not group))
    assert fingerprint(PUSHED[group], others) == fingerprint(record(), others)


def test_names_and_address_count_at_a_system_of_record_only() -> None:
    two_way = integration(mode=Mode.TWO_WAY)
    for group in (FieldGroup.NAMES, FieldGroup.ADDRESS):
        assert fingerprint(PUSHED[group], two_way) == fingerprint(record(), two_way)


def test_records_with_the_same_pushed_values_have_the_same_fingerprint() -> None:
    # Neither status is named by the integration, and both vendors may be worked with.
    assert fingerprint(record(status="Approved"), integration()) == fingerprint(record(status="New"), integration())
    # A reason without a hold is not pushed.
    assert fingerprint(record(hold_reason="x"), integration()) == fingerprint(record(), integration())


def test_the_link_counts() -> None:
    assert fingerprint(record(provider_id="124"), integration(pushes=())) != fingerprint(
        record(), integration(pushes=())
    )


def test_it_is_the_same_in_every_process() -> None:
    assert fingerprint(record(), integration()) == "e5e55fdf82cfdc7f20dc0060"


@given(records, integrations, st.integers(min_value=0), st.text())
def test_version_and_order_do_not_count(vendor: VendorRecord, settings: Integration, version: int, name: str) -> None:
    changes = {"version": version, "policies": vendor.policies[::-1]}
    same = vendor.model_copy(update=changes)
    assert fingerprint(same, settings.model_copy(update={"client_name": name})) == fingerprint(vendor, settings)


def test_policies_count_by_value() -> None:
    later = Policy(policy_type=GL, number="GL-1", expires_on=EXPIRY.replace(year=2030))
    assert fingerprint(record(policies=(later,)), integration()) != fingerprint(record(), integration())


def test_policies_that_cannot_be_pushed_do_not_count() -> None:
    (policy,) = record().policies
    unpushed = (
        Policy(policy_type=GL, number=""),
        Policy(policy_type="", number="GL-9"),
        Policy(policy_type=GL, number="GL-9", status="Missing"),
    )
    assert fingerprint(record(policies=(*unpushed, policy)), integration()) == fingerprint(record(), integration())
    missing = policy.model_copy(update={"status": "Missing"})
    assert fingerprint(record(policies=(missing,)), integration()) == fingerprint(record(policies=()), integration())
    failed = policy.model_copy(update={"status": "Fail"})
    assert fingerprint(record(policies=(failed,)), integration()) == fingerprint(record(), integration())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"exempt": True, "force_active": True, "status": "Suspended"}, "exempt"),
        ({"force_active": True, "compliant": False, "status": "Suspended"}, "active"),
        ({"status": "Suspended"}, "Suspended"),
        ({"status": "Reviewing"}, "active"),
        ({"status": "Reviewing", "compliant": False}, "inactive"),
        ({"status": "active", "compliant": False}, "inactive"),
    ],
)
def test_the_word_for_a_status(changes: dict[str, object], word: str) -> None:
    assert status_word(record(**changes), integration()) == word
