"""The calls of Vantaca's vendor interface, carried out on a company."""

from collections.abc import Callable
from typing import Any

from accounting.vantaca.sandbox.answer import Answer, CallRefusedError, json_answer
from accounting.vantaca.sandbox.state import values
from accounting.vantaca.sandbox.state.company import Company
from accounting.vantaca.sandbox.state.provider import Insurance, Provider
from accounting.vantaca.sandbox.state.values import Parameters
from accounting.vantaca.sandbox.wire_model import wire_name

Operation = Callable[[Company, Parameters], Answer]

_HOLD_REASON_LENGTH = 255
_NO_CONTENT = Answer(status=204)

_TEXTS = (
    "on_hold_reason",
    "compliance_status",
    "compliance_group",
    "name",
    "dba_name",
    "address1",
    "address2",
    "city",
    "state",
    "zip",
    "phone",
    "fax",
    "contact_name",
    "email",
    "report1099box",
)
_INTS = ("street_no", "tax_id", "provider_type_id")
_FLAGS = ("on_hold", "compliant", "compliance_exempt", "preferred_provider", "is1099")
_SPELLINGS = [(attribute, wire_name(attribute)) for attribute in (*_TEXTS, *_INTS, *_FLAGS)]


def read_providers(company: Company, parameters: Parameters) -> Answer:
    """All providers, or the requested one, as an array; 204 when there are none."""
    provider_id = values.int_of(parameters, "providerID")
    insurance = values.flag_of(parameters, "includeInsurance")
    if provider_id is None:
        found = list(company.providers.values())
    else:
        found = [company.providers[provider_id]] if provider_id in company.providers else []
    if not found:
        return _NO_CONTENT
    text = ",".join([company.as_read(provider, include_insurance=insurance) for provider in found])
    return json_answer(f"[{text}]", zipped=values.flag_of(parameters, "zip"))


def read_provider(company: Company, parameters: Parameters) -> Answer:
    """One provider; 204, or 404 by the company's oddities, when it does not exist."""
    provider = company.providers.get(values.required_int(parameters, "providerID"))
    insurance = values.flag_of(parameters, "includeInsurance")
    if provider is not None:
        text = company.as_read(provider, include_insurance=insurance)
        return json_answer(text, zipped=values.flag_of(parameters, "zip"))
    if company.settings.oddities.unknown_provider == _NO_CONTENT.status:
        return _NO_CONTENT
    raise CallRefusedError(404, "Provider not found")


def create_provider(company: Company, parameters: Parameters) -> Answer:
    """Store a new provider, on hold unless the call sets it, and answer its id."""
    name = values.required_text(parameters, "name")
    fields: dict[str, Any] = {"on_hold": True, **_provider_fields(parameters)}
    provider = Provider(provider_id=company.next_provider_id(), **(fields | {"name": name}))
    company.put(provider)
    return json_answer(f'{{"providerID":{provider.provider_id}}}')


def update_provider(company: Company, parameters: Parameters) -> Answer:
    """Change the fields that were sent: a blank one is blanked, an absent one stays. 204 for an unknown provider."""
    provider_id = values.required_int(parameters, "providerID")
    fields = _provider_fields(parameters)
    provider = company.providers.get(provider_id)
    if provider is None:
        return _NO_CONTENT
    if fields:
        company.put(provider.model_copy(update=fields))
    return _written(company)


def create_insurance(company: Company, parameters: Parameters) -> Answer:
    """Add a row. Not idempotent, and the answer has no id. 204 for an unknown provider."""
    provider_id = values.required_int(parameters, "providerID")
    fields = {
        "insurance_type": values.required_text(parameters, "insuranceType"),
        "account_no": values.required_text(parameters, "accountNo"),
        "expiration_date": values.date_of(parameters, "expirationDate"),
        "is_required": values.flag_of(parameters, "isRequired"),
    }
    if provider_id not in company.providers:
        return _NO_CONTENT
    company.add_insurance(provider_id, **fields)
    return _written(company)


def update_insurance(company: Company, parameters: Parameters) -> Answer:
    """Change the fields of a row that were sent; the type is always required. 204 for an unknown row."""
    row_id = values.required_int(parameters, "providerInsuranceID")
    fields: dict[str, Any] = {"insurance_type": values.required_text(parameters, "insuranceType")}
    if values.given(parameters, "accountNo"):
        fields["account_no"] = values.text_of(parameters, "accountNo")
    if values.given(parameters, "expirationDate"):
        fields["expiration_date"] = values.date_of(parameters, "expirationDate")
    if values.given(parameters, "isRequired"):
        fields["is_required"] = values.flag_of(parameters, "isRequired")
    return _replace_row(company, row_id, lambda row: (row.model_copy(update=fields),))


def destroy_insurance(company: Company, parameters: Parameters) -> Answer:
    """Delete a row. 204 for an unknown one."""
    return _replace_row(company, values.required_int(parameters, "providerInsuranceID"), lambda _: ())


OPERATIONS: dict[str, tuple[str, Operation]] = {
    "/read/provider": ("GET", read_providers),
    "/read/providerSingle": ("GET", read_provider),
    "/write/createProvider": ("POST", create_provider),
    "/write/providerUpdate": ("POST", update_provider),
    "/write/providerInsuranceCreate": ("POST", create_insurance),
    "/write/providerInsuranceUpdate": ("POST", update_insurance),
    "/write/providerInsuranceDestroy": ("POST", destroy_insurance),
}
"""Every call of the vendor part of Vantaca's OpenAPI 3.8.0: its method and what it does."""


def _provider_fields(parameters: Parameters) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for attribute, name in _SPELLINGS:
        if values.given(parameters, name):
            fields[attribute] = _read_field(parameters, attribute, name)
    return fields


def _read_field(parameters: Parameters, attribute: str, name: str) -> str | int | bool | None:
    if attribute in _INTS:
        return values.int_of(parameters, name)
    if attribute in _FLAGS:
        return values.flag_of(parameters, name)
    return values.text_of(parameters, name, longest=_HOLD_REASON_LENGTH if attribute == "on_hold_reason" else None)


def _replace_row(company: Company, row_id: int, change: Callable[[Insurance], tuple[Insurance, ...]]) -> Answer:
    holder = company.holder_of(row_id)
    if holder is None:
        return _NO_CONTENT
    rows = [
        kept
        for row in holder.provider_insurance
        for kept in (change(row) if row.provider_insurance_id == row_id else (row,))
    ]
    company.put(holder.model_copy(update={"provider_insurance": tuple(rows)}))
    return _written(company)


def _written(company: Company) -> Answer:
    return Answer(status=company.settings.oddities.write_status)
