"""Hostile answers over a real socket, and what of the credentials may be seen afterwards: nothing."""

import asyncio
import gzip
import json
import logging
import traceback
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.credentials import CredentialsFolder
from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from accounting.port import Plan
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.http.api import LARGE_BODY, SMALL_BODY
from accounting.vantaca.planning.calls import UpdateProvider
from schemas.records.integration import Integration
from tests.accounting.builders import integration

PASSWORD = "hunter2&s3cret +%41/ö"  # noqa: S105 -- no one's
CREDENTIALS = {"company": "Acme Books", "login": "vive-login", "password": PASSWORD}
SECRETS = ("hunter2", "vive-login", "Acme Books", "Acme%20Books", "Acme+Books")
UPDATE = Plan(provider_id="1", calls=(UpdateProvider("1", (("compliant", False), ("name", "Ä & b=c+d %41 /?#"))),))
PROVIDER = b'{"providerID":1,"name":"Joe","onHold":false}'

Answering = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Doing = Callable[[Vantaca, Integration], Awaitable[Any]]


def answer(
    body: bytes = b"",
    *,
    status: str = "200 OK",
    headers: str = "Content-Type: application/json",
    length: int | None = None,
) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {size}\r\n\r\n".encode("latin-1") + body


class Raw:
    """A server that answers every request with the same bytes and keeps the requests' heads."""

    def __init__(self, sent: bytes, *, close: bool = False) -> None:
        self.answer = sent
        self.close = close
        self.heads: list[str] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await self._head(reader):
                self.heads.append(head)
                self.asked.set()
                writer.write(self.answer)
                await writer.drain()
                if self.close:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return ""

    def query(self) -> dict[str, str]:
        target = self.heads[-1].split(" ")[1]
        return dict(parse_qsl(urlsplit(target).query, keep_blank_values=True, strict_parsing=True))


@asynccontextmanager
async def serving(raw: Raw) -> AsyncIterator[Raw]:
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    try:
        raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield raw
    finally:
        server.close()


@pytest.fixture
async def vantaca(tmp_path: Path) -> AsyncIterator[Vantaca]:
    (tmp_path / "acme.json").write_text(json.dumps(CREDENTIALS))
    made = Vantaca(CredentialsFolder(tmp_path))
    yield made
    await made.aclose()


def settings(raw: Raw, **changes: Any) -> Integration:
    return integration(base_url=raw.url, **({"timeout_seconds": 20.0} | changes))


async def update(vantaca: Vantaca, settings: Integration) -> Any:
    return await vantaca.apply(settings, UPDATE)


async def read_one(vantaca: Vantaca, settings: Integration) -> Any:
    return await vantaca.observe_one(settings, "1")


async def read_all(vantaca: Vantaca, settings: Integration) -> Any:
    return await vantaca.observe_all(settings)


EVERY_CALL = [update, read_one, read_all]


def nothing_leaks(error: BaseException, log: pytest.LogCaptureFixture, url: str = "") -> None:
    shown = [str(error), repr(error), "".join(traceback.format_exception(error)), log.text]
    shown += [str(record.args) + str(record.exc_info) + record.getMessage() for record in log.records]
    link: BaseException | None = error
    while link is not None:
        shown += [str(link), repr(link)]
        link = link.__cause__ or link.__context__
    frame = error.__traceback__
    while frame is not None:
        if "accounting/vantaca" in frame.tb_frame.f_code.co_filename:
            shown.append(repr(frame.tb_frame.f_locals))
        frame = frame.tb_next
    for text in shown:
        for secret in SECRETS:
            assert secret not in text
        assert not url or url not in str(error)


ECHO = "403 vive-login: hunter2&s3cret +%41/\xc3\xb6 refused"
FAULTS: dict[str, tuple[Raw, type[AccountingError]]] = {
    "html": (Raw(answer(b"<html><form>Login</form></html>", headers="Content-Type: text/html")), UnavailableError),
    "cut": (Raw(answer(PROVIDER, length=500), close=True), UnavailableError),
    "cut before the head ends": (Raw(b"HTTP/1.1 200 OK\r\nContent-", close=True), UnavailableError),
    "nothing": (Raw(b"", close=True), UnavailableError),
    "no http": (Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True), UnavailableError),
    "endless reason": (Raw(b"HTTP/1.1 400 " + b"x" * 20_000 + b"\r\n\r\n", close=True), UnavailableError),
    "redirect": (Raw(answer(status="302 Found", headers="Location: http://127.0.0.1:1/login")), UnavailableError),
    "broken gzip": (Raw(answer(b"no gzip", headers="Content-Encoding: gzip")), UnavailableError),
    "bad chunk": (Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", close=True), UnavailableError),
    "too many": (Raw(answer(status="429 Slow down")), ThrottledError),
    "forbidden": (Raw(answer(b"<html>", status=ECHO)), CredentialsRefusedError),
    "unauthorized": (Raw(answer(status="401 Who?")), CredentialsRefusedError),
    "bad request": (Raw(answer(b"<html>", status="400 INVALID DATE company=Acme%20Books&pwd=hunter2")), RejectedError),
    "error": (Raw(answer(b"<html>", status="500 Oops")), UnavailableError),
    "error cut": (Raw(answer(b"<html>", status="400 No", length=99), close=True), RejectedError),
}  # fmt: skip


@pytest.mark.parametrize("doing", EVERY_CALL)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_reported_without_secrets(
    vantaca: Vantaca, caplog: pytest.LogCaptureFixture, fault: str, doing: Doing
) -> None:
    caplog.set_level(logging.DEBUG)
    raw, kind = FAULTS[fault]
    async with serving(raw):
        with pytest.raises(AccountingError) as caught:
            await doing(vantaca, settings(raw, basic_auth=True))
    assert type(caught.value) is kind
    nothing_leaks(caught.value, caplog, raw.url)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("doing", EVERY_CALL)
async def test_a_timeout(vantaca: Vantaca, caplog: pytest.LogCaptureFixture, doing: Doing) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")) as raw:
        with pytest.raises(UnavailableError, match=r"did not answer in 0\.2 seconds") as caught:
            await doing(vantaca, settings(raw, timeout_seconds=0.2))
    nothing_leaks(caught.value, caplog, raw.url)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n["])
async def test_a_call_that_is_cancelled(vantaca: Vantaca, caplog: pytest.LogCaptureFixture, sent: bytes) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(Raw(sent)) as raw:
        calling = asyncio.ensure_future(update(vantaca, settings(raw)))
        await raw.asked.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await calling
    nothing_leaks(RuntimeError("".join(traceback.format_exception(caught.value))), caplog, raw.url)


async def test_nobody_is_there(vantaca: Vantaca, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for address in ("http://127.0.0.1:1", "https://127.0.0.1:1"):
        with pytest.raises(UnavailableError, match="can't be reached") as caught:
            await read_one(vantaca, integration(base_url=address))
        nothing_leaks(caught.value, caplog, address)


async def test_plain_text_where_tls_is_wanted(vantaca: Vantaca, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Raw(answer(), close=True)) as raw:
        over_tls = {"base_url": raw.url.replace("http:", "https:"), "timeout_seconds": 1.0}
        with pytest.raises(UnavailableError) as caught:
            await read_one(vantaca, settings(raw).model_copy(update=over_tls))
    nothing_leaks(caught.value, caplog, raw.url)


async def test_an_answer_that_is_too_large(vantaca: Vantaca, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Raw(answer(b" " * (SMALL_BODY + 1)))) as raw:
        for doing in (update, read_one):
            with pytest.raises(UnavailableError, match="is larger than 1024 KiB") as caught:
                await doing(vantaca, settings(raw))
            nothing_leaks(caught.value, caplog)


async def test_an_answer_that_swells(vantaca: Vantaca) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(b" " * 1_000_000) for _ in range(LARGE_BODY // 1_000_000 + 1)) + packer.flush()
    async with serving(Raw(answer(body, headers="Content-Encoding: gzip"))) as raw:
        with pytest.raises(UnavailableError, match="is larger than 65536 KiB"):
            await read_all(vantaca, settings(raw))


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "gzip"])
async def test_an_answer_that_is_packed_in_layers_or_cut_is_not_read(vantaca: Vantaca, packing: str) -> None:
    body = gzip.compress(gzip.compress(PROVIDER)) if packing == "gzip, gzip" else gzip.compress(PROVIDER)[:-3]
    async with serving(Raw(answer(body, headers=f"Content-Encoding: {packing}"))) as raw:
        for doing in EVERY_CALL:
            with pytest.raises(UnavailableError, match="can't be unpacked"):
                await doing(vantaca, settings(raw))


@pytest.mark.parametrize(
    "sent",
    [
        "hunter2%26s3cret+%2b%2541%2f%c3%b6",
        "HUNTER2&S3CRET +%41/\xc3\xb6",
        "hunter2&s3cret +%41/\xc3\xb6 \x80",
        "hunter2%26s3cret%20%2B%2541%2F%C3%B6",
    ],
)
async def test_a_password_that_is_returned_in_another_form_is_not_shown(vantaca: Vantaca, sent: str) -> None:
    async with serving(Raw(answer(status=f"400 No {sent}"))) as raw:
        with pytest.raises(RejectedError) as caught:
            await update(vantaca, settings(raw))
    assert "No ***" in caught.value.sentence
    assert "s3cret" not in caught.value.sentence.lower()
    assert "41/" not in caught.value.sentence


async def test_a_compressed_answer_is_read(vantaca: Vantaca) -> None:
    async with serving(Raw(answer(gzip.compress(b"[%s]" % PROVIDER), headers="Content-Encoding: gzip"))) as raw:
        providers = await read_all(vantaca, settings(raw))
    assert providers["1"].provider.name == "Joe"


async def test_the_reason_phrase_is_in_the_error(vantaca: Vantaca) -> None:
    phrase = "400 INVALID DATE - Posting Date \x80\xe9 <b>must</b> be valid " + "x" * 400
    async with serving(Raw(answer(status=phrase))) as raw:
        with pytest.raises(RejectedError) as caught:
            await update(vantaca, settings(raw))
    sentence = caught.value.sentence
    assert sentence.startswith("Vantaca refused updating provider 1: 400 INVALID DATE - Posting Date")
    assert "é <b>must</b> be valid xxx" in sentence
    assert sentence.isprintable()
    assert len(sentence) < 350


@pytest.mark.parametrize(("status", "kind"), [("429 Slow", ThrottledError), ("503 Busy", UnavailableError)])
async def test_retry_after_is_in_the_error(vantaca: Vantaca, status: str, kind: type[UnavailableError]) -> None:
    for header, least, most in (("7", 7, 7), ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 86_400), ("?", None, None)):
        async with serving(Raw(answer(status=status, headers=f"Retry-After: {header}"))) as raw:
            with pytest.raises(kind) as caught:
                await update(vantaca, settings(raw))
        after = caught.value.retry_after
        assert after == least if least is None else after is not None and least <= after <= (most or 0)


async def test_what_is_sent(vantaca: Vantaca) -> None:
    async with serving(Raw(answer())) as raw:
        await update(vantaca, settings(raw))
    (head,) = raw.heads
    assert head.startswith("POST /write/providerUpdate?")
    assert " HTTP/1.1\r\n" in head
    lines = head.lower().split("\r\n")
    assert "content-length: 0" in lines
    assert not [line for line in lines if line.startswith(("transfer-encoding", "authorization", "cookie"))]
    assert raw.query() == {
        "company": "Acme Books",
        "login": "vive-login",
        "pwd": PASSWORD,
        "providerID": "1",
        "compliant": "false",
        "name": "Ä & b=c+d %41 /?#",
    }


async def test_what_is_read(vantaca: Vantaca) -> None:
    async with serving(Raw(answer(PROVIDER))) as raw:
        await read_one(vantaca, settings(raw))
        assert raw.query().items() >= {"providerID": "1", "includeInsurance": "true"}.items()
        assert raw.heads[0].startswith("GET /read/providerSingle?")


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
async def test_any_text_arrives_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "acme.json").write_text(json.dumps(CREDENTIALS | {"password": text}))
    vantaca = Vantaca(CredentialsFolder(folder))
    try:
        async with serving(Raw(answer())) as raw:
            plan = Plan(provider_id="1", calls=(UpdateProvider("1", (("name", text),)),))
            await vantaca.apply(settings(raw), plan)
        assert raw.query()["name"] == raw.query()["pwd"] == text
    finally:
        await vantaca.aclose()


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
async def test_a_connection_serves_again_and_keeps_no_cookie(vantaca: Vantaca, body: bytes) -> None:
    cookie = "Set-Cookie: ASP.NET_SessionId=abc; path=/; HttpOnly"
    async with serving(Raw(answer(body, headers=cookie))) as raw:
        for _ in range(3):
            await update(vantaca, settings(raw))
        raw.answer = answer(b"<html>", status="400 No")
        for _ in range(3):
            with pytest.raises(RejectedError):
                await update(vantaca, settings(raw))
    assert raw.connections == 1
    assert "cookie" not in "".join(raw.heads).lower()


async def test_204(vantaca: Vantaca) -> None:
    async with serving(Raw(b"HTTP/1.1 204 No Content\r\n\r\n")) as raw:
        assert dict(await read_all(vantaca, settings(raw))) == {}
        for doing in (read_one, update):
            with pytest.raises(ProviderMissingError):
                await doing(vantaca, settings(raw))


async def test_an_address_without_vantaca(vantaca: Vantaca) -> None:
    async with serving(Raw(answer(b"<html>", status="404 Not Found"))) as raw:
        with pytest.raises(ProviderMissingError):
            await read_one(vantaca, settings(raw))
        with pytest.raises(RejectedError, match="base address"):
            await read_all(vantaca, settings(raw))


@pytest.mark.parametrize("body", [b"null", b"[]"])
async def test_nothing_read_is_a_provider_that_is_missing(vantaca: Vantaca, body: bytes) -> None:
    async with serving(Raw(answer(body))) as raw:
        with pytest.raises(ProviderMissingError):
            await read_one(vantaca, settings(raw))


@pytest.mark.parametrize("body", [b'{"providerID":2}', b"{}", b'"x"', b"[1,2]", b'[{"providerID":2}]'])
async def test_another_provider_is_never_taken(vantaca: Vantaca, body: bytes) -> None:
    async with serving(Raw(answer(body))) as raw:
        with pytest.raises(UnavailableError):
            await read_one(vantaca, settings(raw))


async def test_no_credentials_no_call(tmp_path: Path) -> None:
    vantaca = Vantaca(CredentialsFolder(tmp_path))
    async with serving(Raw(answer())) as raw:
        with pytest.raises(CredentialsRefusedError):
            await update(vantaca, settings(raw))
    assert raw.heads == []


def test_each_loop_has_its_own_connections(tmp_path: Path) -> None:
    (tmp_path / "acme.json").write_text(json.dumps(CREDENTIALS))
    vantaca = Vantaca(CredentialsFolder(tmp_path))

    async def once() -> None:
        async with serving(Raw(answer())) as raw:
            await update(vantaca, settings(raw))
        await vantaca.aclose()

    for _ in range(2):
        asyncio.run(once())
