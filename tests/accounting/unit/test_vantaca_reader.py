import io
import json
import struct
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.errors import UnavailableError
from accounting.port import Observed
from accounting.vantaca.reading.provider import InsuranceRow, Provider
from accounting.vantaca.reading.reader import (
    MAX_CHARACTERS,
    MAX_ROWS,
    ProvidersRead,
    read_json,
    read_provider,
    read_providers,
)
from tests.accounting.builders import NOW

RECORDED: dict[str, Any] = {
    "providerID": 123,
    "name": "Joe's",
    "address": "456 Main Street",
    "unit": "Suite 12",
    "city": "Valencia",
    "state": "CA",
    "zip": 91355,
    "email": "",
    "phone": "(555) 123-4567",
    "fax": "",
    "taxID": "",
    "onHold": False,
    "onHoldReason": "",
    "compliant": True,
    "complianceStatus": "Approved",
    "complianceGroup": "",
    "providerInsurance": [
        {
            "providerInsuranceID": 1,
            "providerID": 123,
            "insuranceType": "Auto-Liability",
            "accountNo": 333333333,
            "expirationDate": "2022-03-25T04:00:00",
            "isRequired": False,
        }
    ],
}
LIMIT = 1_000_000


def read(**changes: Any) -> Provider:
    return read_provider(RECORDED | changes)


def read_row(**changes: Any) -> InsuranceRow:
    return read(providerInsurance=[RECORDED["providerInsurance"][0] | changes]).insurance[0]


def test_a_recorded_answer() -> None:
    assert read_provider(RECORDED) == Provider(
        provider_id="123",
        name="Joe's",
        address="456 Main Street",
        unit="Suite 12",
        city="Valencia",
        state="CA",
        zip="91355",
        on_hold=False,
        compliant=True,
        compliance_status="Approved",
        insurance=(
            InsuranceRow(
                insurance_id="1",
                insurance_type="Auto-Liability",
                account_no="333333333",
                expires_on=date(2022, 3, 25),
                is_required=False,
            ),
        ),
    )


def test_the_case_of_keys_does_not_count() -> None:
    rows = [{key.upper(): value for key, value in RECORDED["providerInsurance"][0].items()}]
    raw = {key.upper(): value for key, value in RECORDED.items()} | {"PROVIDERINSURANCE": rows}
    assert read_provider(raw) == read_provider(RECORDED)
    renamed = {key: value for key, value in RECORDED.items() if key != "providerInsurance"}
    assert read_provider(renamed | {"ProviderInsurance": rows}) == read_provider(RECORDED)


@pytest.mark.parametrize(
    ("value", "code"), [(91355, "91355"), (2134, "02134"), ("2134", "02134"), ("91355-1", "91355-1"), (None, "")]
)
def test_a_zip(value: Any, code: str) -> None:
    assert read(zip=value).zip == code


@pytest.mark.parametrize("value", [True, "true", "True", 1, "1", 1.0])
def test_true(value: Any) -> None:
    assert read(onHold=value).on_hold is True


@pytest.mark.parametrize("value", [False, "false", 0, "0"])
def test_false(value: Any) -> None:
    assert read(onHold=value).on_hold is False


@pytest.mark.parametrize("value", [None, ""])
def test_neither(value: Any) -> None:
    assert read(onHold=value).on_hold is None


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2022-03-25", date(2022, 3, 25)),
        ("2022-03-25T23:30:00-08:00", date(2022, 3, 25)),
        ("2022-03-25T00:00:00Z", date(2022, 3, 25)),
        ("3/5/2022 12:00:00 AM", date(2022, 3, 5)),
        ("0001-01-01T00:00:00", None),
        ("2022-02-30T00:00:00", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_the_day_as_written(value: Any, day: date | None) -> None:
    assert read_row(expirationDate=value).expires_on == day


@pytest.mark.parametrize(("value", "number"), [(33, "33"), ("0033", "0033"), (33.0, "33"), (None, "")])
def test_a_policy_number(value: Any, number: str) -> None:
    assert read_row(accountNo=value).account_no == number


@pytest.mark.parametrize(("value", "row_id"), [(7, "7"), ("7", "7"), (None, ""), ("", "")])
def test_an_insurance_id(value: Any, row_id: str) -> None:
    assert read_row(providerInsuranceID=value).insurance_id == row_id


@pytest.mark.parametrize("value", [None, []])
def test_no_insurance(value: Any) -> None:
    assert read(providerInsurance=value).insurance == ()
    assert read_provider({"providerID": "5"}).insurance == ()


HOSTILE: list[Any] = [
    *(None, 7, "x", [], {}, {"providerID": None}, {"providerID": True}, {"providerID": "x"}, {"providerID": 1.5}),
    *({"providerID": -1}, {"providerID": 10**30}, {"providerID": float("inf")}, {"providerID": {}}),
    *({"providerID": 1, "name": {}}, {"providerID": 1, "onHold": "maybe"}, {"providerID": 1, "zip": [1]}),
    *({"providerID": 1, "providerInsurance": "x"}, {"providerID": 1, "providerInsurance": [None]}),
    {"providerID": 1, "providerInsurance": [{"providerInsuranceID": "a"}]},
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_hostile_provider(raw: Any) -> None:
    with pytest.raises(UnavailableError, match="can't be read"):
        read_provider(raw)
    providers = read_providers([raw, {"providerID": 2}], NOW)
    assert list(providers) == ["2"]
    assert len(providers) == 1
    assert "1" not in providers


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
raw_providers = st.dictionaries(
    st.sampled_from([*RECORDED, "PROVIDERID", "ProviderInsurance"]), json_values | st.integers(0, 9)
)


@given(st.lists(raw_providers) | json_values)
def test_nothing_else_is_raised(answer: Any) -> None:
    try:
        providers = read_providers(answer, NOW)
    except UnavailableError:
        return
    for provider_id, observed in providers.items():
        assert observed.provider_id == observed.provider.provider_id == provider_id


@given(st.binary() | st.binary().map(lambda tail: b"PK\x03\x04" + tail))
def test_nothing_else_is_raised_by_bytes(body: bytes) -> None:
    try:
        read_json(body, limit=LIMIT)
    except UnavailableError as error:
        assert error.__context__ is None  # noqa: PT017 -- most bytes raise, some are JSON


@pytest.mark.parametrize(
    "body", [b"", b"<html>Login</html>", b"[" * 100_000, b"{", b'"\xff"', b"9" * 10_000, b'[{"providerID":1}']
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(UnavailableError, match="not JSON"):
        read_json(body, limit=LIMIT)


def test_an_id_that_comes_twice_is_left_out() -> None:
    raw = [RECORDED, RECORDED | {"name": "Other"}, RECORDED | {"providerID": "124"}, RECORDED | {"name": "Third"}]
    assert list(read_providers(raw, NOW)) == ["124"]


def test_a_bulk_answer_by_id() -> None:
    providers = read_providers([RECORDED], NOW)
    assert isinstance(providers, ProvidersRead)
    assert providers["123"] == Observed(provider_id="123", provider=read_provider(RECORDED), at=NOW)
    assert providers.get("9") is None


def zipped(name: str, body: bytes, *, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", kind) as opened:
        opened.writestr(name, body)
    return archive.getvalue()


def test_a_zip_archive() -> None:
    assert read_json(zipped("data.json", b"[1]"), limit=LIMIT) == [1]


def test_a_zip_archive_without_the_file() -> None:
    with pytest.raises(UnavailableError, match=r"without a readable data\.json"):
        read_json(zipped("other.json", b"[1]"), limit=LIMIT)


def test_a_zip_archive_that_swells() -> None:
    with pytest.raises(UnavailableError, match="too large"):
        read_json(zipped("data.json", b" " * (LIMIT + 1)), limit=LIMIT)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_archive_that_could_swell_without_bound_is_not_unpacked(kind: int) -> None:
    with pytest.raises(UnavailableError, match="without a readable"):
        read_json(zipped("data.json", b"[1]", kind=kind), limit=LIMIT)


def test_a_zip_archive_with_an_offset_beyond_what_python_counts() -> None:
    archive = bytearray(zipped("data.json", b"[1]", kind=zipfile.ZIP_STORED))
    central = archive.index(b"PK\x01\x02")
    further = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    struct.pack_into("<H", archive, central + 30, len(further))
    struct.pack_into("<I", archive, central + 42, 0xFFFFFFFF)
    name_ends = central + 46 + len("data.json")
    archive[name_ends:name_ends] = further
    end = archive.index(b"PK\x05\x06")
    struct.pack_into("<I", archive, end + 12, end - central)
    with pytest.raises(UnavailableError, match="without a readable"):
        read_json(bytes(archive), limit=LIMIT)


@pytest.mark.parametrize(
    ("text", "name"), [("\ud800 Joe \udfff", "Joe"), ("J\udc00oe", "Joe"), ("Zo\xeb \U0001f3da", "Zoë 🏚")]
)
def test_half_characters_are_left_out(text: str, name: str) -> None:
    assert read(name=text).name == name
    assert read_provider(json.loads(json.dumps(RECORDED | {"name": text}))).name == name


@pytest.mark.parametrize(
    "more",
    [
        {"name": "x" * (MAX_CHARACTERS + 1)},
        {"providerInsurance": [{"accountNo": "x" * MAX_CHARACTERS}]},
        {"providerInsurance": [{}] * (MAX_ROWS + 1)},
    ],
)
def test_a_provider_that_no_outcome_could_hold_is_not_read(more: dict[str, Any]) -> None:
    with pytest.raises(
        UnavailableError, match=r"in a provider's data at most (50,000 letters|500 insurance rows) were"
    ):
        read(**more)
    assert list(read_providers([RECORDED | more, {"providerID": 2}], NOW)) == ["2"]


class Raw(dict[str, Any]):
    """A provider's data; counts how often all of it was gone through."""

    gone_through = 0

    def items(self) -> Any:
        Raw.gone_through += 1
        return super().items()


def test_of_ten_thousand_providers_only_the_one_that_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Raw, "gone_through", 0)
    providers = read_providers([Raw(RECORDED, providerID=number) for number in range(10_000)], NOW)
    assert Raw.gone_through == 0
    assert providers["9999"].provider.name == "Joe's"
    assert Raw.gone_through == 1
