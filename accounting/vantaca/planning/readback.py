"""Compares a read after the writes with the plan: finds values that were not stored, and ids of new rows."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from accounting.vantaca.planning.calls import Call, CreateInsurance, UpdateInsurance, UpdateProvider, Value
from accounting.vantaca.planning.draft import as_read
from accounting.vantaca.reading import normalise
from accounting.vantaca.reading.provider import InsuranceRow, Provider
from schemas.records.integration import FieldGroup
from schemas.records.outcome import LeftAlone
from schemas.records.vendor_row import Delivered, DeliveredPolicy

_NOT_STORED: Final = "Vantaca accepted this and did not store it: look at the provider in Vantaca."
_GROUPS: Final = {
    "complianceStatus": (FieldGroup.STATUS, "compliance_status"),
    "compliant": (FieldGroup.STATUS, "compliant"),
    "onHold": (FieldGroup.PAYMENT_HOLD, "on_hold"),
    "onHoldReason": (FieldGroup.PAYMENT_HOLD, "on_hold_reason"),
    "name": (FieldGroup.NAMES, "name"),
    "address2": (FieldGroup.ADDRESS, "unit"),
    "city": (FieldGroup.ADDRESS, "city"),
    "state": (FieldGroup.ADDRESS, "state"),
    "zip": (FieldGroup.ADDRESS, "zip"),
}


def not_stored(calls: Iterable[Call], provider: Provider) -> tuple[LeftAlone, ...]:
    """The values that these calls wrote and that the provider, read afterwards, does not have. ``dbaName`` is in no read."""
    found: list[LeftAlone] = []
    for call in calls:
        if isinstance(call, UpdateProvider):
            found.extend(_fields_not_stored(call, provider))
        else:
            found.extend(_insurance_not_stored(call, provider.insurance))
    return tuple(found)


def rows_gone(calls: Iterable[Call], provider: Provider) -> bool:
    """Whether a row that these calls updated does not exist (any more): the answer to its update is only 204."""
    there = {row.insurance_id for row in provider.insurance}
    return any(isinstance(call, UpdateInsurance) and call.insurance_id not in there for call in calls)


def with_ids(delivered: Delivered, provider: Provider) -> Delivered:
    """The delivered values, with the ids of new rows: Vantaca's create call returns no id."""
    claimed = {policy.insurance_id for policy in delivered.policies if policy.insurance_id}
    policies: list[DeliveredPolicy] = []
    for policy in delivered.policies:
        known = policy
        if policy.insurance_id is None:
            row = _row(policy.policy_type, policy.number, provider.insurance)
            if row is not None and row.insurance_id and row.insurance_id not in claimed:
                claimed.add(row.insurance_id)
                known = policy.model_copy(update={"insurance_id": row.insurance_id})
        policies.append(known)
    return Delivered(dba_name=delivered.dba_name, policies=tuple(policies))


def _fields_not_stored(call: UpdateProvider, provider: Provider) -> Iterable[LeftAlone]:
    fields = dict(call.fields)
    if (street := fields.get("address1")) is not None:
        street = f"{fields['streetNo']} {street}" if "streetNo" in fields else street
        if normalise.text(provider.address) != street:
            yield _left_alone(FieldGroup.ADDRESS, "address", provider.address, as_read(street))
    for name, value in call.fields:
        group, attribute = _GROUPS.get(name, (None, ""))
        if group is None:
            continue
        stored: Value | None = getattr(provider, attribute)
        form = normalise.zip_code if name == "zip" else normalise.text
        if form(as_read(stored)) != form(as_read(value)):
            yield _left_alone(group, name, as_read(stored), as_read(value))


def _insurance_not_stored(call: CreateInsurance | UpdateInsurance, rows: Iterable[InsuranceRow]) -> Iterable[LeftAlone]:
    if isinstance(call, CreateInsurance):
        row = _row(call.insurance_type, call.account_no, rows)
    else:
        row = next((row for row in rows if row.insurance_id == call.insurance_id), None)
    name = normalise.text(f"{call.insurance_type} {call.account_no or (row.account_no if row else '')}")
    if row is None:
        yield _left_alone(FieldGroup.INSURANCE, name, "", name)
        return
    if call.account_no and normalise.policy_number(row.account_no) != normalise.policy_number(call.account_no):
        yield _left_alone(FieldGroup.INSURANCE, f"{name}: accountNo", row.account_no, call.account_no)
    if call.expires_on is not None and row.expires_on != call.expires_on:
        yield _left_alone(
            FieldGroup.INSURANCE, f"{name}: expirationDate", _date_text(row.expires_on), _date_text(call.expires_on)
        )


def _row(insurance_type: str, number: str, rows: Iterable[InsuranceRow]) -> InsuranceRow | None:
    key = normalise.insurance_type(insurance_type), normalise.policy_number(number)
    return next(
        (
            row
            for row in rows
            if (normalise.insurance_type(row.insurance_type), normalise.policy_number(row.account_no)) == key
        ),
        None,
    )


def _left_alone(group: FieldGroup, name: str, observed: str, desired: str) -> LeftAlone:
    return LeftAlone(
        group=group.value,
        field=name,
        observed=observed or None,
        desired=desired or None,
        code="not_stored",
        reason=_NOT_STORED,
    )


def _date_text(day: date | None) -> str:
    return day.isoformat() if day else ""
