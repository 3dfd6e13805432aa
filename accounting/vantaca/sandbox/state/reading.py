"""The JSON of a provider as Vantaca's read calls return it."""

import json
from typing import Any

from accounting.vantaca.sandbox.faults.oddities import Oddities
from accounting.vantaca.sandbox.state.provider import Insurance, Provider

_encode = json.JSONEncoder(separators=(",", ":")).encode


def provider_as_read(provider: Provider, *, include_insurance: bool, oddities: Oddities) -> str:
    """JSON text of one provider as Vantaca's reads give it, with the company's oddities.

    `providerInsurance` is null unless it is requested (recorded answers).
    """
    body: dict[str, Any] = {
        "providerID": provider.provider_id,
        "name": provider.name,
        "address": provider.address,
        "unit": provider.address2,
        "city": provider.city,
        "state": provider.state,
        "zip": _number_or_text(provider.zip, provider.provider_id, oddities),
        "email": provider.email,
        "phone": provider.phone,
        "fax": provider.fax,
        "taxID": "",
        "onHold": provider.on_hold,
        "onHoldReason": provider.on_hold_reason,
        "compliant": provider.compliant,
        "complianceStatus": provider.compliance_status,
        "complianceGroup": provider.compliance_group,
    }
    if not include_insurance:
        body[oddities.insurance_key] = None
    elif provider.provider_insurance:
        rows = [_insurance_as_read(row, provider.provider_id, oddities) for row in provider.provider_insurance]
        body[oddities.insurance_key] = rows
    elif oddities.no_insurance != "absent":
        body[oddities.insurance_key] = [] if oddities.no_insurance == "empty" else None
    return _encode(body)


def _insurance_as_read(row: Insurance, provider_id: int, oddities: Oddities) -> dict[str, Any]:
    return {
        "providerInsuranceID": row.provider_insurance_id,
        "providerID": provider_id,
        "insuranceType": row.insurance_type,
        "accountNo": _number_or_text(row.account_no, row.provider_insurance_id, oddities),
        "expirationDate": _date_as_read(row, oddities),
        "isRequired": row.is_required,
    }


def _number_or_text(text: str, record_id: int, oddities: Oddities) -> int | str:
    as_number = oddities.numbers == "number" or (oddities.numbers == "mixed" and record_id % 2 == 1)
    return int(text) if as_number and text.isascii() and text.isdigit() and text[0] != "0" else text


def _date_as_read(row: Insurance, oddities: Oddities) -> str | None:
    if row.expiration_date is None:
        return None
    midnight: str = oddities.midnight
    if midnight == "mixed":
        midnight = "T04:00:00" if row.provider_insurance_id % 2 == 1 else "T00:00:00"
    return f"{row.expiration_date.isoformat()}{midnight}"
