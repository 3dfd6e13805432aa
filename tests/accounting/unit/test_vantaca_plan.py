from datetime import date, timedelta
from typing import Any

import pytest

from accounting.vantaca.planning.calls import CreateInsurance, UpdateInsurance, UpdateProvider
from schemas.records.integration import FieldGroup, Mode
from schemas.records.outcome import Change
from schemas.records.vendor_record import Policy, PostalAddress
from schemas.records.vendor_row import Delivered, DeliveredPolicy
from tests.accounting.builders import EXPIRY, GL, NOW, codes_of, fields_of, integration, plan, provider, record, row

KIND = "general liability"


def test_an_equal_provider_needs_nothing() -> None:
    made = plan(record(), provider())
    assert (made.calls, made.changes, made.left_alone, made.requires_fresh_observation) == ((), (), (), False)
    assert made.delivered.policies == (
        DeliveredPolicy(policy_type=KIND, number="GL-1", expires_on=EXPIRY, insurance_id="1"),
    )


def test_all_fields_go_in_one_call() -> None:
    made = plan(record(compliant=False, legal_name="Joe & Sons", payment_hold=True), provider())
    assert len(made.calls) == 1
    assert fields_of(made).keys() == {"complianceStatus", "compliant", "onHold", "onHoldReason", "name"}
    first = made.calls[0].parameters()[0]
    assert first == ("providerID", 123)


def test_a_record_of_another_provider_is_never_planned() -> None:
    with pytest.raises(ValueError, match="linked to another provider"):
        plan(record(provider_id="124"), provider())
    assert plan(record(provider_id="00123"), provider()).provider_id == "123"


class TestStatus:
    @pytest.mark.parametrize(
        ("changes", "text", "compliant"),
        [
            ({"compliant": False, "status": "Reviewing"}, "Inactive", False),
            ({"compliant": False, "force_active": True, "status": "Suspended"}, None, None),
            ({"compliant": False, "exempt": True}, "Compliance Exempt", None),
            ({"compliant": False, "status": "Suspended"}, "Suspended", False),
        ],
    )
    def test_what_is_written(self, changes: dict[str, Any], text: str | None, *, compliant: bool | None) -> None:
        fields = fields_of(plan(record(**changes), provider()))
        assert fields.get("complianceStatus") == text
        assert fields.get("compliant") == compliant

    def test_a_text_that_is_not_configured_is_reported_and_compliant_written(self) -> None:
        made = plan(record(compliant=False), provider(), integration(status_texts={"active": "Approved"}))
        assert fields_of(made) == {"compliant": False}
        (left,) = made.left_alone
        assert (left.field, left.code, left.observed) == ("complianceStatus", "empty_value", "Approved")
        assert '"inactive"' in left.reason

    def test_spaces_do_not_count_but_case_does(self) -> None:
        assert plan(record(), provider(compliance_status=" Approved ")).calls == ()
        assert fields_of(plan(record(), provider(compliance_status="approved"))) == {"complianceStatus": "Approved"}

    def test_a_value_that_vantacas_answer_lacks_is_written(self) -> None:
        assert fields_of(plan(record(), provider(compliant=None))) == {"compliant": True}


class TestPaymentHold:
    def test_placed(self) -> None:
        made = plan(record(payment_hold=True, hold_reason="GL lapsed"), provider())
        assert fields_of(made) == {"onHold": True, "onHoldReason": "[VIVE] GL lapsed"}
        assert made.changes == (
            Change(group="payment_hold", field="onHold", before="no", after="yes"),
            Change(group="payment_hold", field="onHoldReason", before=None, after="[VIVE] GL lapsed"),
        )

    def test_its_reason_is_kept_up_to_date(self) -> None:
        there = provider(on_hold=True, on_hold_reason="[VIVE] GL lapsed")
        assert plan(record(payment_hold=True, hold_reason="GL lapsed"), there).calls == ()
        made = plan(record(payment_hold=True, hold_reason="Auto lapsed"), there)
        assert fields_of(made) == {"onHoldReason": "[VIVE] Auto lapsed"}

    def test_released_where_it_is_ours(self) -> None:
        made = plan(record(), provider(on_hold=True, on_hold_reason="[VIVE] GL lapsed"))
        assert fields_of(made) == {"onHold": False, "onHoldReason": "Released by VIVE"}

    def test_the_text_of_a_release_never_carries_the_marker(self) -> None:
        there = provider(on_hold=True, on_hold_reason="VIVE GL lapsed")
        fields = fields_of(plan(record(), there, integration(hold_marker="VIVE")))
        assert fields == {"onHold": False, "onHoldReason": "Payment hold released"}

    @pytest.mark.parametrize("desired", [True, False])
    @pytest.mark.parametrize("reason", ["Lawsuit", "", "[vive] written by hand"])
    def test_a_persons_hold_is_left(self, *, desired: bool, reason: str) -> None:
        made = plan(record(payment_hold=desired), provider(on_hold=True, on_hold_reason=reason))
        assert made.calls == ()
        assert codes_of(made) == {"onHold": "foreign_hold"}

    def test_a_hold_that_a_person_released_is_not_placed_again(self) -> None:
        there = provider(on_hold=False, on_hold_reason="[VIVE] GL lapsed")
        made = plan(record(payment_hold=True, hold_reason="GL lapsed"), there)
        assert made.calls == ()
        assert codes_of(made) == {"onHold": "foreign_hold"}
        assert fields_of(plan(record(payment_hold=True, hold_reason="Auto lapsed"), there))["onHold"] is True

    def test_a_blank_marker_marks_nothing(self) -> None:
        blank = integration(hold_marker=" ")
        assert codes_of(plan(record(payment_hold=True), provider(), blank)) == {"onHold": "invalid_value"}
        assert codes_of(plan(record(), provider(on_hold=True, on_hold_reason="a b"), blank)) == {
            "onHold": "foreign_hold"
        }

    def test_left_where_vantacas_answer_has_no_value(self) -> None:
        assert codes_of(plan(record(payment_hold=True), provider(on_hold=None))) == {"onHold": "ambiguous"}


class TestInsurance:
    def test_updated_where_the_date_differs(self) -> None:
        there = provider(insurance=(row("7", "General-Liability", "gl-1", expires_on=date(2025, 12, 31)),))
        made = plan(record(), there)
        assert made.calls == (
            UpdateInsurance(provider_id="123", insurance_id="7", insurance_type="General-Liability", expires_on=EXPIRY),
        )
        assert made.calls[0].parameters() == (
            ("providerInsuranceID", "7"),
            ("insuranceType", "General-Liability"),
            ("expirationDate", "2026-12-31T00:00:00"),
        )
        assert made.changes == (
            Change(
                group="insurance",
                field="General Liability GL-1: expirationDate",
                before="2025-12-31",
                after="2026-12-31",
            ),
        )

    def test_required_as_configured(self) -> None:
        made = plan(record(), provider(), integration(insurance_required=True))
        (call,) = made.calls
        assert call.is_required is True
        assert call.expires_on is None

    def test_created_where_none_is_ours(self) -> None:
        made = plan(record(), provider(insurance=()))
        assert made.calls == (
            CreateInsurance(
                provider_id="123", insurance_type=GL, account_no="GL-1", expires_on=EXPIRY, is_required=False
            ),
        )
        assert made.calls[0].parameters() == (
            ("providerID", 123),
            ("insuranceType", GL),
            ("accountNo", "GL-1"),
            ("expirationDate", "2026-12-31T00:00:00"),
            ("isRequired", False),
        )
        assert made.delivered.policies == (DeliveredPolicy(policy_type=KIND, number="GL-1", expires_on=EXPIRY),)

    def test_created_without_a_date_where_vive_has_none(self) -> None:
        made = plan(record(policies=(Policy(policy_type=GL, number="GL-1"),)), provider(insurance=()))
        assert "expirationDate" not in dict(made.calls[0].parameters())

    def test_a_date_that_vive_does_not_have_is_left(self) -> None:
        made = plan(record(policies=(Policy(policy_type=GL, number="GL-1"),)), provider())
        assert made.calls == ()
        assert codes_of(made) == {"General Liability GL-1: expirationDate": "empty_value"}

    def test_a_configured_type_is_matched_and_sent(self) -> None:
        settings = integration(insurance_types={"GL": GL})
        vendor = record(policies=(Policy(policy_type="GL", number="GL-1", expires_on=EXPIRY),))
        assert plan(vendor, provider(), settings).calls == ()
        (call,) = plan(vendor, provider(insurance=()), settings).calls
        assert call.insurance_type == GL

    def test_a_renewal_updates_the_row_that_was_delivered(self) -> None:
        renewed = record(policies=(Policy(policy_type=GL, number="GL-2", expires_on=date(2027, 12, 31)),))
        for insurance_id in ("1", None):
            before = Delivered(policies=(DeliveredPolicy(policy_type=GL, number="gl-1", insurance_id=insurance_id),))
            made = plan(renewed, provider(), delivered=before)
            assert made.calls == (
                UpdateInsurance(
                    provider_id="123",
                    insurance_id="1",
                    insurance_type="General-Liability",
                    account_no="GL-2",
                    expires_on=date(2027, 12, 31),
                ),
            )
            assert made.delivered.policies[0].insurance_id == "1"
            assert made.left_alone == ()

    def test_without_a_delivered_row_a_new_number_is_a_new_row(self) -> None:
        renewed = record(policies=(Policy(policy_type=GL, number="GL-2", expires_on=EXPIRY),))
        made = plan(renewed, provider())
        assert [type(call) for call in made.calls] == [CreateInsurance]
        assert codes_of(made) == {"General-Liability GL-1": "not_ours"}

    def test_a_policy_that_came_and_went_is_renewed_by_the_next(self) -> None:
        gone = plan(record(policies=()), provider(), delivered=plan(record(), provider()).delivered)
        next_one = record(policies=(Policy(policy_type=GL, number="GL-2", expires_on=EXPIRY),))
        (call,) = plan(next_one, provider(), delivered=gone.delivered).calls
        assert isinstance(call, UpdateInsurance)

    def test_a_row_of_a_current_policy_is_not_taken_by_another(self) -> None:
        both = record(
            policies=(
                Policy(policy_type=GL, number="GL-1", expires_on=EXPIRY),
                Policy(policy_type=GL, number="GL-2", expires_on=EXPIRY),
            )
        )
        made = plan(both, provider(), delivered=plan(record(), provider()).delivered)
        assert [type(call) for call in made.calls] == [CreateInsurance]
        assert {policy.number for policy in made.delivered.policies} == {"GL-1", "GL-2"}

    def test_two_renewals_of_one_type_take_a_row_each(self) -> None:
        rows = (row("1", GL, "A-1"), row("2", GL, "B-1"))
        old = tuple(Policy(policy_type=GL, number=number, expires_on=EXPIRY) for number in ("A-1", "B-1"))
        new = tuple(Policy(policy_type=GL, number=number, expires_on=EXPIRY) for number in ("A-2", "B-2"))
        there = provider(insurance=rows)
        made = plan(record(policies=new), there, delivered=plan(record(policies=old), there).delivered)
        assert [(call.insurance_id, call.account_no) for call in made.calls] == [("1", "A-2"), ("2", "B-2")]

    @pytest.mark.parametrize(
        ("policy", "field", "reason"),
        [
            ({"number": ""}, GL, "has no policy number"),
            ({"number": " ", "status": "Pass"}, GL, "has no policy number"),
            ({"policy_type": "", "number": "GL-1"}, "GL-1", "has no type"),
            ({"number": "GL-1", "status": "Missing"}, f"{GL} GL-1", "marks this policy as Missing"),
            ({"number": "GL-1", "status": " missing "}, f"{GL} GL-1", "marks this policy as Missing"),
        ],
    )
    def test_a_policy_that_cannot_be_pushed_is_left_alone_and_the_hold_is_placed(
        self, policy: dict[str, str], field: str, reason: str
    ) -> None:
        vendor = record(payment_hold=True, policies=(Policy(**{"policy_type": GL} | policy),))
        made = plan(vendor, provider(insurance=()))
        assert [type(call) for call in made.calls] == [UpdateProvider]
        (left,) = made.left_alone
        assert (left.field, left.code, left.observed) == (field, "not_pushable", None)
        assert reason in left.reason

    def test_a_missing_policy_without_a_number_is_not_worth_a_line(self) -> None:
        made = plan(record(policies=(Policy(policy_type=GL, number="", status="Missing"),)), provider(insurance=()))
        assert (made.calls, made.left_alone) == ((), ())

    def test_the_row_of_a_policy_that_became_missing_stays_as_it_is(self) -> None:
        before = plan(record(), provider()).delivered
        missing = Policy(policy_type=GL, number="GL-1", expires_on=date(2030, 1, 1), status="Missing")
        made = plan(record(policies=(missing,)), provider(), delivered=before)
        assert (made.calls, codes_of(made)) == ((), {f"{GL} GL-1": "not_pushable"})
        assert made.delivered == before
        another = Policy(policy_type=GL, number="GL-2", expires_on=EXPIRY)
        made = plan(record(policies=(missing, another)), provider(), delivered=before)
        assert [call.account_no for call in made.calls] == ["GL-2"], "a row of its own, not a renewal of GL-1's"
        assert isinstance(made.calls[0], CreateInsurance)
        assert codes_of(made) == {f"{GL} GL-1": "not_pushable"}
        assert {policy.number for policy in made.delivered.policies} == {"GL-1", "GL-2"}

    def test_a_row_of_a_missing_policy_whose_number_a_person_corrected_is_not_taken_either(self) -> None:
        before = plan(record(), provider()).delivered
        corrected = provider(insurance=(row("1", GL, "GL-1A"),))
        missing = Policy(policy_type=GL, number="GL-1", status="Missing")
        made = plan(record(policies=(missing, Policy(policy_type=GL, number="GL-2"))), corrected, delivered=before)
        assert [type(call) for call in made.calls] == [CreateInsurance]

    def test_a_policy_that_is_pushed_counts_although_it_is_also_listed_as_missing(self) -> None:
        twice = (
            Policy(policy_type=GL, number="GL-1", status="Missing"),
            Policy(policy_type=GL, number="GL-1", expires_on=EXPIRY, status="Pass"),
        )
        assert plan(record(policies=twice), provider()).calls == ()

    def test_rows_that_are_there_twice_do_not_fight(self) -> None:
        old = date(2025, 1, 1)
        there = provider(insurance=(row("20", GL, "GL-1", expires_on=old), row("3", GL, "GL-1", expires_on=old)))
        made = plan(record(), there)
        assert [call.insurance_id for call in made.calls] == ["3"]
        assert codes_of(made) == {"General Liability GL-1": "ambiguous"}
        before = Delivered(policies=(DeliveredPolicy(policy_type=GL, number="GL-1", insurance_id="20"),))
        assert [call.insurance_id for call in plan(record(), there, delivered=before).calls] == ["20"]

    def test_a_policy_given_twice_counts_once_with_its_later_date(self) -> None:
        twice = (
            Policy(policy_type=GL, number="GL 2", expires_on=date(2025, 1, 1)),
            Policy(policy_type="general-liability", number="gl2", expires_on=EXPIRY),
        )
        (call,) = plan(record(policies=twice), provider(insurance=())).calls
        assert call.expires_on == EXPIRY

    def test_a_number_that_lost_its_zeros_is_the_same(self) -> None:
        vendor = record(policies=(Policy(policy_type=GL, number="00123", expires_on=EXPIRY),))
        assert plan(vendor, provider(insurance=(row("1", GL, "123"),))).calls == ()

    @pytest.mark.parametrize("day", [date(1, 1, 1), date(1899, 12, 31), date(2201, 1, 1)])
    def test_a_date_that_vantaca_cannot_hold_is_left(self, day: date) -> None:
        vendor = record(policies=(Policy(policy_type=GL, number="GL-1", expires_on=day),))
        for there in (provider(), provider(insurance=())):
            made = plan(vendor, there)
            assert made.calls == ()
            assert list(codes_of(made).values()) == ["invalid_value"]

    def test_a_renewal_with_such_a_date_stays_to_be_done(self) -> None:
        before = plan(record(), provider()).delivered
        bad = record(policies=(Policy(policy_type=GL, number="GL-2", expires_on=date(2999, 1, 1)),))
        made = plan(bad, provider(), delivered=before)
        assert made.calls == ()
        assert made.delivered == before

    def test_a_row_without_an_id_is_reported(self) -> None:
        there = provider(insurance=(row("", GL, "GL-1", expires_on=None),))
        made = plan(record(), there)
        assert made.calls == ()
        assert codes_of(made) == {"General Liability GL-1": "ambiguous"}

    def test_rows_of_types_that_vive_does_not_have_are_no_news(self) -> None:
        there = provider(insurance=(row("1", GL, "GL-1"), row("2", "Umbrella Liability", "U-1")))
        assert plan(record(), there).left_alone == ()

    def test_a_blank_number_matches_nothing(self) -> None:
        vendor = record(policies=(Policy(policy_type=GL, number=" ", expires_on=EXPIRY),))
        made = plan(vendor, provider(insurance=(row("1", GL, "", expires_on=None),)))
        assert made.calls == ()
        assert codes_of(made)["General Liability"] == "not_pushable"


class TestNames:
    def test_written_where_they_differ(self) -> None:
        made = plan(record(legal_name="Joe  & Sons", dba_name="Joe"), provider())
        assert fields_of(made) == {"name": "Joe & Sons", "dbaName": "Joe"}
        assert made.delivered.dba_name == "Joe"
        assert made.changes[1] == Change(group="names", field="dbaName", before=None, after="Joe")

    def test_a_dba_name_is_compared_with_what_was_delivered(self) -> None:
        assert plan(record(dba_name=" Joe "), provider(), delivered=Delivered(dba_name="Joe")).calls == ()
        made = plan(record(), provider(), delivered=Delivered(dba_name="Joe"))
        assert made.calls == ()
        assert codes_of(made) == {"dbaName": "empty_value"}
        assert made.delivered.dba_name == "Joe"

    def test_an_empty_name_is_never_sent(self) -> None:
        made = plan(record(legal_name=" "), provider())
        assert made.calls == ()
        assert codes_of(made) == {"name": "empty_value"}
        assert plan(record(legal_name=" "), provider(name="")).left_alone == ()


class TestAddress:
    def at(self, **changes: str) -> Any:
        parts = {"street": "456 Main St", "line2": "Suite 12", "city": "Valencia", "state": "CA", "zip": "91355"}
        return record(address=PostalAddress(**(parts | changes)))

    def test_a_plain_number_is_sent_apart(self) -> None:
        made = plan(self.at(street="123 Oak Ave"), provider())
        assert fields_of(made) == {"streetNo": 123, "address1": "Oak Ave"}
        assert made.changes == (Change(group="address", field="address", before="456 Main St", after="123 Oak Ave"),)

    @pytest.mark.parametrize("street", ["12A Main St", "12-14 Main St", "PO Box 9"])
    def test_another_number_is_sent_whole_where_none_is_stored(self, street: str) -> None:
        for there in ("", "7B Old Rd", "PO Box 1"):
            assert fields_of(plan(self.at(street=street), provider(address=there))) == {"address1": street}

    def test_it_is_not_put_behind_a_number_that_stays(self) -> None:
        for there in ("456 Main St", "0 Main St", "456"):
            made = plan(self.at(street="12A Main St", city="Newhall"), provider(address=there))
            assert made.calls == ()
            assert codes_of(made) == {"address": "invalid_value", "city": "invalid_value"}

    def test_an_address_is_not_mixed_from_two(self) -> None:
        made = plan(self.at(street="", city="Newhall"), provider())
        assert made.calls == ()
        assert codes_of(made) == {"address": "empty_value", "city": "empty_value"}

    def test_the_other_parts(self) -> None:
        made = plan(self.at(line2="Suite 1", city="Newhall", state="NV", zip="89001"), provider())
        assert fields_of(made) == {"address2": "Suite 1", "city": "Newhall", "state": "NV", "zip": "89001"}

    def test_what_reads_the_same_is_not_written(self) -> None:
        there = provider(address=" 456  Main St", state="ca", zip="02134")
        assert plan(self.at(zip="2134"), there).calls == ()

    def test_an_empty_part_is_never_sent(self) -> None:
        made = plan(self.at(line2=""), provider())
        assert made.calls == ()
        assert codes_of(made) == {"address2": "empty_value"}


class TestOwnership:
    different = record(
        compliant=False,
        payment_hold=True,
        legal_name="Other",
        address=PostalAddress(street="1 New St", city="Newhall"),
        policies=(Policy(policy_type="Umbrella", number="U-1"),),
    )

    def test_two_way_never_writes_names_and_address(self) -> None:
        made = plan(self.different, provider(), integration(mode=Mode.TWO_WAY))
        assert not fields_of(made).keys() & {"name", "streetNo", "address1", "city"}
        assert {left.field for left in made.left_alone if left.code == "not_owned"} == {"name", "address", "city"}

    def test_fields_that_are_not_pushed_are_reported(self) -> None:
        made = plan(self.different, provider(), integration(pushes=()))
        assert made.calls == ()
        assert {left.group for left in made.left_alone} == set(FieldGroup)
        assert {left.code for left in made.left_alone} == {"not_owned"}

    @pytest.mark.parametrize("changes", [{"mode": Mode.ONE_WAY}, {"ended_at": NOW}, {"system": "other"}])
    def test_an_integration_that_cannot_be_synced_writes_nothing(self, changes: dict[str, Any]) -> None:
        made = plan(self.different, provider(), integration(**changes))
        assert made.calls == ()
        assert "acme" in made.left_alone[0].reason


class TestFreshness:
    old = timedelta(seconds=61)

    @pytest.mark.parametrize(
        ("changes", "there", "delivered"),
        [
            ({"payment_hold": True}, {}, Delivered()),
            ({}, {"on_hold": True, "on_hold_reason": "[VIVE] x"}, Delivered()),
            ({}, {"insurance": ()}, Delivered()),
            (
                {"policies": (Policy(policy_type=GL, number="GL-2", expires_on=EXPIRY),)},
                {},
                Delivered(policies=(DeliveredPolicy(policy_type=GL, number="GL-1", insurance_id="1"),)),
            ),
        ],
    )
    def test_holds_and_rows_need_a_fresh_observation(
        self, changes: dict[str, Any], there: dict[str, Any], delivered: Delivered
    ) -> None:
        assert plan(record(**changes), provider(**there), delivered=delivered, age=self.old).requires_fresh_observation
        assert not plan(
            record(**changes), provider(**there), delivered=delivered, age=timedelta(seconds=60)
        ).requires_fresh_observation

    def test_a_clock_that_was_set_back_makes_no_observation_fresh(self) -> None:
        assert plan(record(payment_hold=True), provider(), age=timedelta(hours=-1)).requires_fresh_observation

    def test_a_status_does_not(self) -> None:
        made = plan(record(compliant=False), provider(), age=self.old)
        assert isinstance(made.calls[0], UpdateProvider)
        assert not made.requires_fresh_observation
