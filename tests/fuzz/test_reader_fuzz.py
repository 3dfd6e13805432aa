"""No answer of Vantaca's, whatever its bytes, does more than raise an AccountingError; what was read can be planned on."""

import io
import json
import struct
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounting.errors import AccountingError
from accounting.vantaca.http.answer import Answer, check_write, clean_reason, error_of, read_retry_after
from accounting.vantaca.reading.reader import MAX_CHARACTERS, MAX_ROWS, read_json
from schemas.records.integration import Integration, Mode
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered
from tests.accounting import builders
from tests.fuzz.hostile_json import LIMIT, NOW, PROVIDER, answers, rows, survive
from tests.support.slowness import patient

often = settings(max_examples=100)
RECORD, INTEGRATION, DELIVERED = builders.record(payment_hold=True), builders.integration(), Delivered()
SECRET = "hunter2-S3cret"  # noqa: S105 -- it must turn up nowhere


def survives(body: bytes) -> int:
    return survive(body, RECORD, INTEGRATION, DELIVERED)


@often
@given(answers, builders.records, builders.integrations, builders.deliveries)
@example('[{"providerID":123,"address":"\\ud800 x","zip":"\\udfff"}]', RECORD, INTEGRATION, DELIVERED)
def test_any_json_is_read_and_planned_on_or_refused(
    answer: str, record: VendorRecord, integration: Integration, delivered: Delivered
) -> None:
    survive(answer.encode(errors="surrogatepass"), record, integration, delivered)


@often
@given(st.lists(rows, min_size=1, max_size=6), builders.records, builders.deliveries)
def test_any_insurance_rows(insured: list[str], record: VendorRecord, delivered: Delivered) -> None:
    body = f'{{"providerID":"7","onHold":1,"providerInsurance":[{",".join(insured)}]}}'
    survive(body.encode(errors="surrogatepass"), record, INTEGRATION, delivered)


@often
@given(
    st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff", b"[", b'{"providerID":1,']),
    st.binary(max_size=100),
)
def test_any_bytes(beginning: bytes, data: bytes) -> None:
    survives(beginning + data)


@often
@given(st.binary(min_size=1, max_size=6), st.integers(0), st.integers(0, 30), answers)
def test_damaged_json(put_in: bytes, at: int, left_out: int, answer: str) -> None:
    body = answer.encode(errors="surrogatepass")
    at %= len(body) + 1
    survives(body[:at] + put_in + body[at + left_out :])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be", "latin-1"])
def test_json_in_other_encodings(encoding: str) -> None:
    assert survives('[{"providerID":1,"name":"Zo\xe9"}]'.encode(encoding)) in {0, 2}


DEPTHS = [1, 30, 900, 970, 990, 1000, 1010, 10_001, 100_000, 499_000]


@pytest.mark.parametrize("depth", DEPTHS)
def test_json_that_nests_deeply(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}"), ('{"providerInsurance":', "}"), ('[{"providerID":', "}]")):
        for end in (closing * depth, ""):
            survives((opening * depth + "1" + end).encode())
            survives(f'{{"providerID":1,"name":{opening * depth}1{end}}}'.encode())
            survives(f'[{{"providerID":1,"providerInsurance":[{{"accountNo":{opening * depth}1{end}}}]}}]'.encode())


PAGES = [
    b"<!doctype html><html><head><title>Sign in</title></head><body><form></form></body></html>",
    b"<html>" + b"<div>" * 50_000,
    b"\r\n\r\n<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"HTTP/1.1 200 OK\r\n\r\n[]",
    b"upstream connect error",
]


@pytest.mark.parametrize("page", PAGES, ids=range(len(PAGES)))
def test_pages(page: bytes) -> None:
    assert survives(page) == 0
    with pytest.raises(AccountingError, match="was a page"):
        check_write(Answer(status=200, body=page), "updating provider 1")


def packed(kind: int, member: bytes, *, name: str = "data.json") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", kind) as opened:
        opened.writestr(name, member)
    return archive.getvalue()


ARCHIVES = [
    packed(kind, b'[{"providerID":1}]')
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
]


@often
@given(
    st.sampled_from(ARCHIVES),
    st.lists(
        st.tuples(st.integers(0), st.sampled_from([b"\xff", b"\x00", b"\x01", b"\xff" * 4, b"\xff" * 8, b"PK"])),
        max_size=4,
    ),
    st.integers(0, 200),
)
def test_damaged_archives(archive: bytes, damages: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(archive)
    for at, put in damages:
        start = at % len(data)
        data[start : start + len(put)] = put
    survives(bytes(data[: len(data) - cut if cut < 40 else len(data)]))


def test_an_archive_that_says_its_member_is_far_away() -> None:
    data = bytearray(ARCHIVES[0])
    central = data.index(b"PK\x01\x02")
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    struct.pack_into("<H", data, central + 30, len(extra))
    struct.pack_into("<I", data, central + 42, 0xFFFFFFFF)
    name_ends = central + 46 + len("data.json")
    data[name_ends:name_ends] = extra
    end = data.index(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, end - central)
    assert survives(bytes(data)) == 0


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_swells_takes_little_memory(kind: int) -> None:
    bomb = packed(kind, b" " * 30_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(AccountingError):
            read_json(bomb, limit=LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f3da"])
def test_what_comes_of_the_greatest_provider_that_is_read_fits_into_a_record(letter: str) -> None:
    """Rows that VIVE did not write are told of twice each, and a name that it does not own as it is."""
    own = len("General Liability")
    for in_rows in (10, (MAX_CHARACTERS - 100) // MAX_ROWS - own):
        row = {"insuranceType": "General Liability", "accountNo": letter * in_rows}
        name = letter * (MAX_CHARACTERS - MAX_ROWS * (own + in_rows))
        great = [{"providerID": 123, "onHold": False, "name": name, "providerInsurance": [row] * MAX_ROWS}]
        began = time.thread_time()
        for mode in (Mode.TWO_WAY, Mode.SYSTEM_OF_RECORD):
            assert survive(json.dumps(great).encode(), RECORD, builders.integration(mode=mode), DELIVERED) == 2
        assert time.thread_time() - began < patient(4)


@pytest.mark.parametrize(
    "more", [{"name": "x" * (MAX_CHARACTERS + 1)}, {"providerInsurance": [{"accountNo": "1"}] * (MAX_ROWS + 1)}]
)
def test_a_greater_provider_is_not_read(more: dict[str, object]) -> None:
    assert survives(json.dumps([PROVIDER | more]).encode()) == 0


reasons = st.text(max_size=60) | st.builds(
    lambda before, secret, after: f"{before}{secret}{after}",
    st.text(max_size=20),
    st.sampled_from([SECRET, SECRET.upper(), f"https://x/?pwd={SECRET}", f"company=a&login=b&pwd={SECRET}&x"]),
    st.text(max_size=20),
)


@often
@given(st.integers(100, 999), reasons, st.binary(max_size=40), st.none() | st.floats(0, 1e6))
def test_any_status_and_reason(status: int, reason: str, body: bytes, after: float | None) -> None:
    answer = Answer(status=status, reason=clean_reason(reason, [SECRET]), body=body, retry_after=after)
    errors: list[AccountingError] = []
    try:
        check_write(answer, "updating provider 1")
    except AccountingError as error:
        errors.append(error)
    if (error_found := error_of(answer, "reading provider 1")) is not None:
        errors.append(error_found)
    for one in errors:
        assert one.sentence.isprintable()
        assert len(one.sentence) < 700
        assert SECRET.lower() not in one.sentence.lower()


@often
@given(
    st.text(max_size=30)
    | st.integers().map(str)
    | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    | st.from_regex(r"\A(Mon, )?[0-9]{1,9} Jan [0-9]{1,9} [0-9:]{1,9} ([+-][0-9]{1,9}|GMT)?\Z")
)
def test_any_retry_after(value: str) -> None:
    for now in (NOW, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        seconds = read_retry_after(value, now)
        assert seconds is None or 0 <= seconds <= 86_400
