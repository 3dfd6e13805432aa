"""A provider as it was read from Vantaca, without the oddities of the transport."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceRow:
    """One insurance row. ``insurance_id`` is empty where Vantaca gave none; None means that the answer had no value."""

    insurance_id: str
    insurance_type: str
    account_no: str
    expires_on: date | None = None
    is_required: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider. Texts are as stored, empty where there is none; None means that the answer had no value.

    ``address`` is number and street in one (``/write/providerUpdate`` takes them apart, ``streetNo`` and ``address1``);
    ``unit`` is what is written as ``address2``. ``dbaName`` is never returned by a read (Vantaca's OpenAPI 3.8.0).
    """

    provider_id: str
    name: str = ""
    address: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    on_hold: bool | None = None
    on_hold_reason: str = ""
    compliant: bool | None = None
    compliance_status: str = ""
    insurance: tuple[InsuranceRow, ...] = ()
