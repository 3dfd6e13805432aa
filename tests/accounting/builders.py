"""Values for tests: one of each, strategies for any, and a model of what writes do to a provider."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from accounting.port import Observed, Plan
from accounting.vantaca.planning.calls import Call, CreateInsurance, UpdateInsurance, UpdateProvider
from accounting.vantaca.planning.plan import make_plan
from accounting.vantaca.reading.provider import InsuranceRow, Provider
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Policy, PostalAddress, VendorRecord
from schemas.records.vendor_row import Delivered, DeliveredPolicy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPIRY = date(2026, 12, 31)
GL = "General Liability"
TEXTS = {"active": "Approved", "inactive": "Inactive", "exempt": "Compliance Exempt", "Suspended": "Suspended"}


def integration(**changes: Any) -> Integration:
    """A system of record that owns everything."""
    fields: dict[str, Any] = {
        "client_id": "acme",
        "system": "vantaca",
        "mode": Mode.SYSTEM_OF_RECORD,
        "pushes": tuple(FieldGroup),
        "status_texts": TEXTS,
        "base_url": "http://127.0.0.1:1",
        "credentials_ref": "acme",
        "updated_at": NOW,
    }
    return Integration(**(fields | changes))


def record(**changes: Any) -> VendorRecord:
    """A compliant vendor that ``provider()`` is up to date with."""
    fields: dict[str, Any] = {
        "client_id": "acme",
        "vendor_id": "v-1",
        "version": 1,
        "updated_at": NOW,
        "provider_id": "123",
        "legal_name": "Joe's Plumbing",
        "address": PostalAddress(street="456 Main St", line2="Suite 12", city="Valencia", state="CA", zip="91355"),
        "status": "Approved",
        "compliant": True,
        "policies": (Policy(policy_type=GL, number="GL-1", expires_on=EXPIRY),),
    }
    return VendorRecord(**(fields | changes))


def row(insurance_id: str, insurance_type: str, account_no: str, **changes: Any) -> InsuranceRow:
    fields: dict[str, Any] = {"expires_on": EXPIRY, "is_required": False}
    return InsuranceRow(
        insurance_id=insurance_id, insurance_type=insurance_type, account_no=account_no, **(fields | changes)
    )


def provider(**changes: Any) -> Provider:
    fields: dict[str, Any] = {
        "provider_id": "123",
        "name": "Joe's Plumbing",
        "address": "456 Main St",
        "unit": "Suite 12",
        "city": "Valencia",
        "state": "CA",
        "zip": "91355",
        "on_hold": False,
        "compliant": True,
        "compliance_status": "Approved",
        "insurance": (row("1", "General-Liability", "GL-1"),),
    }
    return Provider(**(fields | changes))


def observed(there: Provider, *, age: timedelta = timedelta()) -> Observed:
    return Observed(provider_id=there.provider_id, provider=there, at=NOW - age)


def plan(
    vendor: VendorRecord,
    there: Provider,
    settings: Integration | None = None,
    delivered: Delivered | None = None,
    *,
    age: timedelta = timedelta(),
) -> Plan:
    return make_plan(vendor, observed(there, age=age), settings or integration(), delivered or Delivered(), NOW)


def fields_of(made: Plan) -> dict[str, Any]:
    """The fields of the plan's providerUpdate, of which there is at most one."""
    updates = [call for call in made.calls if isinstance(call, UpdateProvider)]
    assert len(updates) <= 1
    return dict(updates[0].fields) if updates else {}


def codes_of(made: Plan) -> dict[str, str]:
    return {left.field: left.code for left in made.left_alone}


def applied(there: Provider, calls: Iterable[Call]) -> Provider:
    """What the provider reads like after these calls."""
    for call in calls:
        if isinstance(call, UpdateProvider):
            there = _updated(there, dict(call.fields))
        else:
            there = replace(there, insurance=_insured(there, call))
    return there


def _updated(there: Provider, fields: dict[str, Any]) -> Provider:
    names = {
        "complianceStatus": "compliance_status",
        "compliant": "compliant",
        "onHold": "on_hold",
        "onHoldReason": "on_hold_reason",
        "name": "name",
        "address2": "unit",
        "city": "city",
        "state": "state",
        "zip": "zip",
    }
    changes = {names[name]: value for name, value in fields.items() if name in names}
    if "address1" in fields:
        # A street number that was stored before stays where none is sent.
        number = there.address.strip().partition(" ")[0]
        stays = number if number.isascii() and number.isdigit() else ""
        changes["address"] = f"{fields.get('streetNo', stays)} {fields['address1']}".strip()
    return replace(there, **changes)


def _insured(there: Provider, call: CreateInsurance | UpdateInsurance) -> tuple[InsuranceRow, ...]:
    if isinstance(call, CreateInsurance):
        new_id = str(max((int(known.insurance_id or 0) for known in there.insurance), default=0) + 1)
        new = row(
            new_id, call.insurance_type, call.account_no, expires_on=call.expires_on, is_required=call.is_required
        )
        return (*there.insurance, new)
    changes: dict[str, Any] = {"insurance_type": call.insurance_type}
    if call.account_no is not None:
        changes["account_no"] = call.account_no
    if call.expires_on is not None:
        changes["expires_on"] = call.expires_on
    if call.is_required is not None:
        changes["is_required"] = call.is_required
    return tuple(
        replace(known, **changes) if known.insurance_id == call.insurance_id else known for known in there.insurance
    )


_types = st.sampled_from([GL, "General-Liability", "general liability", "Auto Liability", "Worker's Comp", "--", ""])
_numbers = st.sampled_from(["GL-1", "gl -1", "GL-2", "7", "007", "8", "9", "Ä-1", " ", ""])
_dates = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)) | st.sampled_from([date(1, 1, 1), date(9999, 1, 1)])
_words = st.sampled_from(["", "  ", "Acme", "acme", " Acme  Ltd ", "Zoë", "O'Neil & Sons / Co", "tab\there", "\u200d"])
_texts = _words | st.text(max_size=12)
_streets = st.sampled_from(
    ["", "12 Main St", "12A Main St", "12-14 Main St", "PO Box 9", "0 Main St", "012 Main St", "99999999999 Main", "12"]
) | st.text(max_size=12)
_reasons = _texts | st.text(min_size=200, max_size=300) | st.just("🏚" * 200)
_markers = st.sampled_from(["[VIVE]", "VIVE", "-", "No hold", " [V] ", " ", "Released by VIVE", "0", "é" * 40])
_zips = st.sampled_from(["", "91355", "2134", "02134", "91355-1234", "K1A 0B1", "k1a0b1"])

_judgements = st.sampled_from(["", "Pass", "Fail", "Missing", "Expired"])
policies = st.lists(
    st.builds(Policy, policy_type=_types, number=_numbers, expires_on=_dates, status=_judgements), max_size=4
).map(tuple)
integrations = st.builds(
    integration,
    mode=st.sampled_from(Mode),
    system=st.sampled_from(["vantaca", "vantaca", "vantaca", "other"]),
    ended_at=st.sampled_from([None, None, None, NOW]),
    pushes=st.sets(st.sampled_from(FieldGroup)).map(lambda groups: tuple(sorted(groups))),
    status_texts=st.dictionaries(st.sampled_from(["active", "inactive", "exempt", "Suspended"]), _texts),
    hold_marker=_markers,
    insurance_types=st.dictionaries(_types, _types, max_size=2),
    insurance_required=st.booleans(),
)
records = st.builds(
    record,
    legal_name=_texts,
    dba_name=_texts,
    address=st.builds(PostalAddress, street=_streets, line2=_texts, city=_texts, state=_texts, zip=_zips),
    status=st.sampled_from(["", "Approved", "Suspended", "active"]),
    compliant=st.booleans(),
    exempt=st.booleans(),
    force_active=st.booleans(),
    payment_hold=st.booleans(),
    hold_reason=_reasons,
    policies=policies,
)
_rows = st.lists(
    st.builds(
        row,
        insurance_id=st.sampled_from(["", "1", "2", "3", "4"]),
        insurance_type=_types,
        account_no=_numbers | st.just(""),
        expires_on=_dates,
        is_required=st.none() | st.booleans(),
    ),
    max_size=4,
    unique_by=lambda known: known.insurance_id or id(known),
).map(tuple)
providers = st.builds(
    provider,
    name=_texts,
    address=_streets,
    unit=_texts,
    city=_texts,
    state=_texts,
    zip=_zips,
    on_hold=st.none() | st.booleans(),
    on_hold_reason=_texts | _markers | st.sampled_from(["[VIVE] lapsed", "VIVE Payment hold placed by VIVE"]),
    compliant=st.none() | st.booleans(),
    compliance_status=_texts | st.sampled_from(list(TEXTS.values())),
    insurance=_rows,
)
deliveries = st.builds(
    Delivered,
    dba_name=st.none() | _texts,
    policies=st.lists(
        st.builds(
            DeliveredPolicy,
            policy_type=_types,
            number=_numbers,
            insurance_id=st.sampled_from([None, "1", "2", "3", "9"]),
        ),
        max_size=3,
    ).map(tuple),
)
