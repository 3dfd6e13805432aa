"""A company: its settings, its providers and their insurance rows."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field, SecretStr, field_serializer

from accounting.vantaca.sandbox.faults.oddities import Oddities
from accounting.vantaca.sandbox.state.provider import Insurance, Provider
from accounting.vantaca.sandbox.state.reading import provider_as_read
from accounting.vantaca.sandbox.wire_model import WireModel, wire_name


class CompanySettings(WireModel):
    """A customer of Vantaca: its credentials and how its answers look.

    basic_required: whether a Basic `Authorization` header with login and password is required besides the query.
    """

    company: str = Field(min_length=1)
    login: str
    pwd: SecretStr
    basic_required: bool = False
    oddities: Oddities = Oddities()

    @field_serializer("pwd", when_used="json")
    def _pwd_as_json(self, pwd: SecretStr) -> str:
        return pwd.get_secret_value()


class Company:
    """One customer's data: providers by id, each with its insurance rows.

    Records are immutable and replaced whole by `put` and `edit`; ids of new ones follow the highest seen.
    Reads are rendered once per provider and kept until that provider or the settings change.
    """

    def __init__(self, settings: CompanySettings, providers: Iterable[Provider] = ()) -> None:
        """Raise ValueError where two providers have one id or claim one insurance row."""
        self._settings = settings
        self._providers: dict[int, Provider] = {}
        self._owners: dict[int, int] = {}
        self._rendered: dict[tuple[int, bool], str] = {}
        self._last_provider_id = 0
        self._last_insurance_id = 0
        self.providers: Mapping[int, Provider] = MappingProxyType(self._providers)
        for provider in providers:
            if provider.provider_id in self._providers:
                raise ValueError("two providers have one providerID")
            self.put(provider)

    @property
    def settings(self) -> CompanySettings:
        """Credentials and oddities; replaced whole."""
        return self._settings

    @settings.setter
    def settings(self, settings: CompanySettings) -> None:
        self._settings = settings
        self._rendered.clear()

    def admits(self, *, login: str, pwd: str, authorization: str) -> bool:
        """Whether these credentials, and the Basic header where one is required, are this company's."""
        own = self._settings
        known = _equal(login, own.login) & _equal(pwd, own.pwd.get_secret_value())
        if not own.basic_required:
            return known
        token = base64.b64encode(f"{own.login}:{own.pwd.get_secret_value()}".encode()).decode()
        scheme, _, given = authorization.partition(" ")
        return known and scheme.lower() == "basic" and _equal(given.strip(), token)

    def put(self, provider: Provider) -> None:
        """Store a provider in place of the one with its id. Raise ValueError if a row belongs to another provider."""
        rows = [row.provider_insurance_id for row in provider.provider_insurance]
        if any(self._owners.get(row, provider.provider_id) != provider.provider_id for row in rows):
            raise ValueError("an insurance row belongs to another provider")
        self._forget(provider.provider_id)
        self._providers[provider.provider_id] = provider
        self._owners.update(dict.fromkeys(rows, provider.provider_id))
        self._last_provider_id = max(self._last_provider_id, provider.provider_id)
        self._last_insurance_id = max(self._last_insurance_id, *rows, 0)

    def edit(self, provider_id: int, **fields: Any) -> Provider:
        """Change fields of a provider, by their Python or their Vantaca names, and return the new provider.

        Raise KeyError for an unknown provider and pydantic's ValidationError for a value that does not fit.
        """
        before = self._providers[provider_id].model_dump(by_alias=True)
        provider = Provider.model_validate(before | {wire_name(name): value for name, value in fields.items()})
        if provider.provider_id != provider_id:
            raise ValueError("a provider keeps its providerID")
        self.put(provider)
        return provider

    def remove(self, provider_id: int) -> None:
        """Delete a provider and its insurance rows. Raise KeyError for an unknown one."""
        if provider_id not in self._providers:
            raise KeyError(provider_id)
        self._forget(provider_id)
        del self._providers[provider_id]

    def add_insurance(self, provider_id: int, **fields: Any) -> Insurance:
        """Give a provider a new insurance row under the next id. Raise KeyError for an unknown provider."""
        provider = self._providers[provider_id]
        row = Insurance.model_validate({"provider_insurance_id": self._last_insurance_id + 1, **fields})
        self.put(provider.model_copy(update={"provider_insurance": (*provider.provider_insurance, row)}))
        return row

    def holder_of(self, provider_insurance_id: int) -> Provider | None:
        """The provider that an insurance row belongs to, or None."""
        owner = self._owners.get(provider_insurance_id)
        return None if owner is None else self._providers[owner]

    def next_provider_id(self) -> int:
        """The id that a new provider gets."""
        return self._last_provider_id + 1

    def as_read(self, provider: Provider, *, include_insurance: bool) -> str:
        """JSON text of one of this company's providers as a read gives it."""
        key = (provider.provider_id, include_insurance)
        text = self._rendered.get(key)
        if text is None:
            text = provider_as_read(provider, include_insurance=include_insurance, oddities=self._settings.oddities)
            self._rendered[key] = text
        return text

    def _forget(self, provider_id: int) -> None:
        self._rendered.pop((provider_id, False), None)
        self._rendered.pop((provider_id, True), None)
        if before := self._providers.get(provider_id):
            for row in before.provider_insurance:
                del self._owners[row.provider_insurance_id]


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))
