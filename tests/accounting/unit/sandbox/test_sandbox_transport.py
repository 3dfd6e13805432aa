import asyncio
import base64
import logging

import pytest

from accounting.vantaca.sandbox import Company, CompanySettings, RunningSandbox, Sandbox
from tests.accounting.sandbox_caller import CREDENTIALS, Caller

from .test_sandbox_reads import be_odd


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        CREDENTIALS | {"pwd": "wrong"},
        CREDENTIALS | {"login": "wrong"},
        CREDENTIALS | {"company": "Nobody"},
        {"company": "Acme", "login": "vive"},
        {"login": "vive", "pwd": "s3cret-pwd"},
    ],
)
async def test_wrong_or_missing_credentials_are_403_with_a_reason_and_a_page(
    caller: Caller, credentials: dict[str, str]
) -> None:
    reply = await caller.send("GET", "/read/provider", credentials=credentials)
    assert (reply.status, reply.reason, reply.media_type) == (403, "Authentication failed", "application/json")
    assert b"<html>" in reply.body
    assert (await caller.send("POST", "/write/providerUpdate", credentials=credentials)).status == 403


async def test_credentials_are_per_company(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.add_company(CompanySettings.model_validate({"company": "Bee", "login": "b", "pwd": "b"}))
    assert (await caller.send("GET", "/read/provider", credentials=CREDENTIALS | {"company": "Bee"})).status == 403
    bee = {"company": "Bee", "login": "b", "pwd": "b"}
    assert (await caller.send("GET", "/read/provider", credentials=bee)).status == 204


async def test_a_basic_header_is_wanted_only_where_it_is_set(caller: Caller, acme: Company) -> None:
    assert (await caller.read()).status == 200
    acme.settings = acme.settings.model_copy(update={"basic_required": True})
    right = base64.b64encode(b"vive:s3cret-pwd").decode()
    wrong = base64.b64encode(b"vive:other").decode()
    assert (await caller.read()).status == 403
    assert (await caller.send("GET", "/read/provider", headers={"Authorization": f"Basic {wrong}"})).status == 403
    assert (await caller.send("GET", "/read/provider", headers={"Authorization": f"Basic {right}"})).status == 200


async def test_the_message_of_an_error_is_the_reason_phrase(caller: Caller) -> None:
    reply = await caller.write("/write/providerUpdate", providerID="123", streetNo="12A")
    assert (reply.status, reply.reason) == (400, "Invalid value for parameter streetNo")
    assert reply.media_type == "application/json"
    assert reply.body.startswith(b"<!DOCTYPE html>")
    assert b"12A" not in reply.body


async def test_error_pages_come_as_text_html_on_request(caller: Caller, acme: Company) -> None:
    be_odd(acme, error_type="text/html; charset=utf-8")
    assert (await caller.read("/read/providerSingle")).media_type == "text/html; charset=utf-8"


async def test_an_unknown_path_is_404(caller: Caller) -> None:
    reply = await caller.read("/read/Error")
    assert (reply.status, reply.reason) == (404, "The resource cannot be found.")
    assert (await caller.read("/AP/getPayment")).status == 404


async def test_a_get_on_a_write_path_and_a_post_on_a_read_path_are_405(caller: Caller, acme: Company) -> None:
    assert (await caller.read("/write/providerUpdate", providerID="123", name="Changed")).status == 405
    assert (await caller.write("/read/provider")).status == 405
    assert acme.providers[123].name == "Joe's Plumbing"


async def raw(running: RunningSandbox, request: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(request.encode())
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()
    return answer


QUERY = "company=Acme&login=vive&pwd=s3cret-pwd"


async def test_a_post_without_a_content_length_is_411(running: RunningSandbox) -> None:
    request = f"POST /write/providerUpdate?{QUERY}&providerID=123 HTTP/1.1\r\nHost: x\r\n"
    assert await raw(running, f"{request}\r\n") == b"HTTP/1.1 411 Length Required\r\n"
    assert await raw(running, f"{request}Content-Length: 0\r\n\r\n") == b"HTTP/1.1 200 OK\r\n"


async def test_the_password_reaches_no_log_no_repr_and_no_call_log(
    running: RunningSandbox, caller: Caller, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await caller.read()
    await caller.write("/write/providerUpdate", {"PWD": "s3cret-pwd", "providerID": 123})
    await raw(running, f"GET /read/provider?{QUERY}\x01 HTTP/1.1\r\nHost: x\r\n\r\n")
    await raw(running, f"GET /read/provider?{QUERY} HTTP/1.1\r\nBad Header\r\n\r\n")
    assert "s3cret-pwd" not in caplog.text
    assert "s3cret-pwd" not in repr(sandbox.companies["Acme"].settings)
    assert "s3cret-pwd" not in repr(sandbox.call_log.calls)
    assert "s3cret-pwd" not in str(sandbox.call_log.counters())
