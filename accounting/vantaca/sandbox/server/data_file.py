"""The data file, from which a sandbox is filled."""

from pathlib import Path

from pydantic import Field

from accounting.vantaca.sandbox.faults.faults import Fault
from accounting.vantaca.sandbox.sandbox import Sandbox
from accounting.vantaca.sandbox.state.company import CompanySettings
from accounting.vantaca.sandbox.state.provider import Provider
from accounting.vantaca.sandbox.wire_model import WireModel


class CompanyData(CompanySettings):
    """A company as the data file and the admin paths write it: its settings and all of its providers."""

    providers: tuple[Provider, ...] = ()

    def settings(self) -> CompanySettings:
        """The same without the providers."""
        return CompanySettings(**{name: getattr(self, name) for name in CompanySettings.model_fields})


class SandboxData(WireModel):
    """A data file: companies, and faults by name that are in force from the start.

    ```json
    {"companies": [{"company": "Acme", "login": "vive", "pwd": "made-up", "providers": [
        {"providerID": 123, "name": "Joe's Plumbing", "streetNo": 456, "address1": "Main Street", "zip": "91355",
         "providerInsurance": [{"providerInsuranceID": 1, "insuranceType": "Auto-Liability",
                                "accountNo": "333333333", "expirationDate": "2022-03-25"}]}]}],
     "faults": {"slow": {"kind": "latency", "minSeconds": 0.05, "maxSeconds": 0.2}}}
    ```

    A company needs `company`, `login` and `pwd`, a provider `providerID` and `name`, an insurance row
    `providerInsuranceID` and `insuranceType`; everything else has a default. Unknown names are refused.
    """

    companies: tuple[CompanyData, ...] = ()
    faults: dict[str, Fault] = Field(default_factory=dict)


def read_data_file(path: Path) -> SandboxData:
    """Read a data file. Raise OSError, or pydantic's ValidationError; its text holds no value of the file."""
    return SandboxData.model_validate_json(path.read_bytes())


def load(sandbox: Sandbox, data: SandboxData) -> None:
    """Add companies and faults to a sandbox. They replace those of the same names.

    Raise ValueError where two providers claim one insurance row.
    """
    for company in data.companies:
        sandbox.add_company(company.settings(), company.providers)
    for name, fault in data.faults.items():
        sandbox.faults.put(name, fault)


def company_data(sandbox: Sandbox, company: str) -> CompanyData:
    """A company as it is now. Raise KeyError for an unknown one."""
    found = sandbox.companies[company]
    fields = {name: getattr(found.settings, name) for name in CompanySettings.model_fields}
    return CompanyData.model_construct(**fields, providers=tuple(found.providers.values()))
