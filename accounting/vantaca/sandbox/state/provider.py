"""Providers and insurance rows as the sandbox stores them."""

from datetime import date

from pydantic import Field, model_validator

from accounting.vantaca.sandbox.wire_model import WireModel


class Insurance(WireModel):
    """One policy row of a provider. It has no carrier, effective date, limits or document (Vantaca's OpenAPI 3.8.0)."""

    provider_insurance_id: int = Field(gt=0)
    insurance_type: str
    account_no: str = ""
    expiration_date: date | None = None
    is_required: bool = False


class Provider(WireModel):
    """A provider as Vantaca stores it, the fields that no read returns included.

    The street address is kept as it is written, in three parts; reads give `address` and `unit` instead.
    No read returns `dba_name`, `compliance_exempt` or `tax_id` (recorded answers: `taxID` is always blank).
    """

    provider_id: int = Field(gt=0)
    name: str
    dba_name: str = ""
    street_no: int | None = None
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    fax: str = ""
    contact_name: str = ""
    email: str = ""
    tax_id: int | None = None
    on_hold: bool = False
    on_hold_reason: str = ""
    compliant: bool = False
    compliance_status: str = ""
    compliance_group: str = ""
    compliance_exempt: bool = False
    preferred_provider: bool = False
    report1099box: str = ""
    provider_type_id: int | None = None
    is1099: bool = False
    provider_insurance: tuple[Insurance, ...] = ()

    @model_validator(mode="after")
    def _rows_are_distinct(self) -> "Provider":
        if len({row.provider_insurance_id for row in self.provider_insurance}) < len(self.provider_insurance):
            raise ValueError("two insurance rows have one providerInsuranceID")
        return self

    @property
    def address(self) -> str:
        """Street number and first address line, as reads combine them."""
        return f"{self.street_no} {self.address1}".strip() if self.street_no is not None else self.address1
