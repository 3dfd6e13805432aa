"""Reads Vantaca's answers tolerantly. Hostile answers raise only the errors that are named here."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from accounting.errors import UnavailableError
from accounting.port import Observed
from accounting.vantaca.reading.provider import InsuranceRow, Provider
from accounting.vantaca.reading.values import UnreadableError, read_bool, read_date, read_id, read_text, read_zip

ZIP_MAGIC: Final = b"PK\x03\x04"
ZIP_MEMBER: Final = "data.json"

MAX_ROWS: Final = 500
MAX_CHARACTERS: Final = 50_000
"""The most rows and characters of a provider: an outcome may hold all of it twice, and must fit into a record of Kafka's."""

_BOUNDED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The methods by which a member may be packed: ``zipfile`` unpacks others without a bound, a few hundred bytes to gigabytes."""


def read_json(body: bytes, *, limit: int) -> Any:
    """The JSON of an answer's body. A zip archive is unpacked, to at most ``limit`` bytes.

    Raises:
        UnavailableError: it is no JSON, or too much.
    """
    if body.startswith(ZIP_MAGIC):
        body = _unpack(body, limit)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    raise UnavailableError(
        "Vantaca's answer can't be read: it is not JSON. It may be a page of a proxy or of maintenance."
    )


def read_provider(raw: Any) -> Provider:
    """One provider.

    Raises:
        UnavailableError: it lacks its id, or holds a value of another kind.
    """
    try:
        return _provider(raw)
    except UnreadableError as error:
        reason = str(error)
    raise UnavailableError(f"Vantaca's answer can't be read: in a provider's data {reason}.")


class ProvidersRead(Mapping[str, Observed]):
    """Providers of a bulk read by id, each read from its raw object at its lookup.

    Records that can't be read, and ids that come twice, are not in it: their ids raise KeyError as unknown ones do, so
    that such a vendor is read singly. Looking one up is cheap; going through all reads all of them (about 10 µs each).
    """

    def __init__(self, raw: Mapping[str, Any], at: datetime) -> None:
        self._raw = raw
        self._at = at

    def __getitem__(self, provider_id: str) -> Observed:
        try:
            provider = _provider(self._raw[provider_id])
        except UnreadableError:
            raise KeyError(provider_id) from None
        if provider.provider_id != provider_id:
            # The object has the key of the id twice, in two spellings.
            raise KeyError(provider_id)
        return Observed(provider_id=provider_id, provider=provider, at=self._at)

    def __iter__(self) -> Iterator[str]:
        return (provider_id for provider_id in self._raw if provider_id in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_providers(answer: Any, at: datetime) -> ProvidersRead:
    """The providers of a bulk read, as they were at ``at``.

    Raises:
        UnavailableError: the answer is not an array.
    """
    if not isinstance(answer, list):
        raise UnavailableError("Vantaca's answer can't be read: an array of providers was expected.")
    raw_by_id: dict[str, Any] = {}
    twice: set[str] = set()
    for raw in answer:
        try:
            provider_id = _id_of(raw)
        except UnreadableError:
            continue
        if provider_id in raw_by_id:
            twice.add(provider_id)
        raw_by_id[provider_id] = raw
    for provider_id in twice:
        del raw_by_id[provider_id]
    return ProvidersRead(raw_by_id, at)


def _id_of(raw: Any) -> str:
    if not isinstance(raw, dict):
        raise UnreadableError("an object was expected")
    value = raw.get("providerID")
    return read_id(_lowered(raw).get("providerid") if value is None else value)


def _provider(raw: Any) -> Provider:
    if not isinstance(raw, dict):
        raise UnreadableError("an object was expected")
    value = _lowered(raw).get
    provider = Provider(
        provider_id=read_id(value("providerid")),
        name=read_text(value("name")),
        address=read_text(value("address")),
        unit=read_text(value("unit")),
        city=read_text(value("city")),
        state=read_text(value("state")),
        zip=read_zip(value("zip")),
        on_hold=read_bool(value("onhold")),
        on_hold_reason=read_text(value("onholdreason")),
        compliant=read_bool(value("compliant")),
        compliance_status=read_text(value("compliancestatus")),
        insurance=_insurance(value("providerinsurance")),
    )
    if _letters(provider) > MAX_CHARACTERS:
        raise UnreadableError(f"at most {MAX_CHARACTERS:,} letters were expected")
    return provider


def _letters(provider: Provider) -> int:
    of_rows = sum(len(row.insurance_type) + len(row.account_no) for row in provider.insurance)
    texts = (provider.name, provider.address, provider.unit, provider.city, provider.state, provider.zip)
    return sum(map(len, texts)) + len(provider.on_hold_reason) + len(provider.compliance_status) + of_rows


def _insurance(rows: Any) -> tuple[InsuranceRow, ...]:
    """The insurance rows; null, absent and [] all mean none, because the read requested them."""
    if rows is None:
        return ()
    if not isinstance(rows, list):
        raise UnreadableError("an array of insurance rows was expected")
    if len(rows) > MAX_ROWS:
        raise UnreadableError(f"at most {MAX_ROWS} insurance rows were expected")
    return tuple(_insurance_row(raw) for raw in rows)


def _insurance_row(raw: Any) -> InsuranceRow:
    if not isinstance(raw, dict):
        raise UnreadableError("an insurance row was expected")
    value = _lowered(raw).get
    insurance_id = value("providerinsuranceid")
    return InsuranceRow(
        insurance_id="" if insurance_id in (None, "") else read_id(insurance_id),
        insurance_type=read_text(value("insurancetype")),
        account_no=read_text(value("accountno")),
        expires_on=read_date(value("expirationdate")),
        is_required=read_bool(value("isrequired")),
    )


def _lowered(raw: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in raw.items()}


def _unpack(archive: bytes, limit: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            packed = opened.getinfo(ZIP_MEMBER)
            body = _member(opened, packed, limit) if packed.compress_type in _BOUNDED else None
    except Exception:  # noqa: BLE001 -- zipfile raises whatever a hostile archive makes it stumble over
        body = None
    if body is None:
        raise UnavailableError(f"Vantaca's answer can't be read: it is a zip archive without a readable {ZIP_MEMBER}.")
    if len(body) > limit:
        raise UnavailableError("Vantaca's answer can't be read: unpacked, its zip archive is too large.")
    return body


def _member(opened: zipfile.ZipFile, packed: zipfile.ZipInfo, limit: int) -> bytes:
    with opened.open(packed) as member:
        return member.read(limit + 1)
