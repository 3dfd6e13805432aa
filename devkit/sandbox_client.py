"""Reads and edits a running sandbox over its admin paths."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from accounting.vantaca.sandbox import CompanyData, CompanySettings, Provider


class SandboxClient:
    """The sandbox's admin paths. Every method raises ``httpx.HTTPError`` when the sandbox does not answer as it should."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/_sandbox", timeout=30.0)

    def put_company(self, settings: CompanySettings, providers: Iterable[Provider]) -> None:
        """Add this company. It replaces one of the same name."""
        fields = {name: getattr(settings, name) for name in CompanySettings.model_fields}
        company = CompanyData(**fields, providers=tuple(providers))
        self._do("PUT", f"/companies/{settings.company}", content=company.model_dump_json(by_alias=True))

    def providers(self, company: str) -> dict[str, Provider]:
        """Everything that the company holds, by provider id."""
        answer = self._do("GET", f"/companies/{company}/providers").json()
        found = [Provider.model_validate(provider) for provider in answer]
        return {str(provider.provider_id): provider for provider in found}

    def edit(self, company: str, provider_id: str, **fields: Any) -> None:
        """Change a provider's fields, by Vantaca's names, as a person in Vantaca would."""
        self._do("PATCH", f"/companies/{company}/providers/{provider_id}", json=fields)

    def counters(self) -> Mapping[str, Any]:
        """The numbers of calls by path and company, and the most in flight."""
        counters: Mapping[str, Any] = self._do("GET", "/counters").json()
        return counters

    def forget_calls(self) -> None:
        """Reset the counters."""
        self._do("DELETE", "/calls")

    def put_fault(self, name: str, fault: Mapping[str, Any]) -> None:
        """Put a fault in force."""
        self._do("PUT", f"/faults/{name}", json=dict(fault))

    def remove_fault(self, name: str) -> None:
        """End a fault."""
        self._do("DELETE", f"/faults/{name}")

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _do(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self._http.request(method, path, **request).raise_for_status()
