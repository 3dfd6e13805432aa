"""The write calls of a plan, as data. Parameters have their names of Vantaca's OpenAPI 3.8.0."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

Value = str | int | bool
Parameters = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class UpdateProvider:
    """Write these fields of a provider. No value is empty: an empty text would blank the field."""

    PATH: ClassVar[str] = "/write/providerUpdate"

    provider_id: str
    fields: Parameters

    def parameters(self) -> Parameters:
        """The parameters to send."""
        return (("providerID", int(self.provider_id)), *self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateInsurance:
    """Add an insurance row. The call is not idempotent and returns no id."""

    PATH: ClassVar[str] = "/write/providerInsuranceCreate"

    provider_id: str
    insurance_type: str
    account_no: str
    expires_on: date | None
    is_required: bool

    def parameters(self) -> Parameters:
        """The parameters to send."""
        return (
            ("providerID", int(self.provider_id)),
            ("insuranceType", self.insurance_type),
            ("accountNo", self.account_no),
            *_date(self.expires_on),
            ("isRequired", self.is_required),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateInsurance:
    """Write these fields of an insurance row; None leaves a field as it is. Vantaca requires the type."""

    PATH: ClassVar[str] = "/write/providerInsuranceUpdate"

    provider_id: str
    insurance_id: str
    insurance_type: str
    account_no: str | None = None
    expires_on: date | None = None
    is_required: bool | None = None

    def parameters(self) -> Parameters:
        """The parameters to send."""
        parameters: list[tuple[str, Value]] = [
            ("providerInsuranceID", self.insurance_id),
            ("insuranceType", self.insurance_type),
        ]
        if self.account_no is not None:
            parameters.append(("accountNo", self.account_no))
        parameters.extend(_date(self.expires_on))
        if self.is_required is not None:
            parameters.append(("isRequired", self.is_required))
        return tuple(parameters)


Call = UpdateProvider | CreateInsurance | UpdateInsurance


def _date(day: date | None) -> Parameters:
    return () if day is None else (("expirationDate", f"{day.isoformat()}T00:00:00"),)
