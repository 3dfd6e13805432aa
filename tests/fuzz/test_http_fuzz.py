"""Whatever a server says and however slowly: an Answer or an AccountingError in time, in little memory, without a secret."""

import asyncio
import gzip
import json
import tempfile
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.credentials import CredentialsFolder
from accounting.errors import AccountingError, UnavailableError
from accounting.vantaca.http.answer import Answer
from accounting.vantaca.http.api import SMALL_BODY, ApiRequest, VantacaApi
from schemas.records.integration import Integration
from tests.accounting.builders import integration
from tests.fuzz.hostile_server import DOTNET_ECHO, ECHO, GOES_ON, PLAIN_ECHO, End, HostileServer, Script, hostile_server
from tests.support.slowness import patient

PASSWORD: Final = "hunter2&s3cret +%41/ö"  # noqa: S105 -- no one's
CREDENTIALS: Final = {"company": "Acme Books", "login": "vive-login", "password": PASSWORD}
SECRETS: Final = ("hunter2", "vive-login", "acme books", "acme%20books", "acme+books")
SECONDS: Final = 0.3
"""The integration's time limit."""
IN_PEACE: Final = patient(20)
"""The same, where the answer comes at once and what is looked at is the answer."""
SLACK: Final = patient(GOES_ON / 2)
"""Seconds that a busy machine may take besides."""
MAX_MEMORY: Final = 16 * SMALL_BODY

READ = ApiRequest(
    method="GET", path="/read/providerSingle", parameters=(("providerID", 1),), doing="reading provider 1"
)
WRITE = ApiRequest(
    method="POST", path="/write/providerUpdate", parameters=(("name", "x"),), doing="updating provider 1"
)
PATIENT = ApiRequest(
    method="GET", path="/read/provider", parameters=(), doing="reading all providers", timeout_factor=2
)


@asynccontextmanager
async def open_api() -> AsyncIterator[VantacaApi]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "acme.json").write_text(json.dumps(CREDENTIALS))
        made = VantacaApi(CredentialsFolder(Path(folder)))
        try:
            yield made
        finally:
            await made.aclose()


def settings_of(server: HostileServer, **changes: Any) -> Integration:
    return integration(base_url=server.url, **({"timeout_seconds": SECONDS} | changes))


def without_secrets(*texts: str) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text.lower()


def _look_at(error: AccountingError) -> None:
    without_secrets(str(error), repr(error), "".join(traceback.format_exception(error)))
    assert error.__cause__ is None
    assert error.__context__ is None


async def called(
    made: VantacaApi, server: HostileServer, request: ApiRequest = READ, **changes: Any
) -> Answer | AccountingError:
    """Make a call, and make sure of what holds for any."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        answer = await made.call(settings_of(server, **changes), request)
    except AccountingError as error:
        result: Answer | AccountingError = error
        _look_at(error)
    else:
        result = answer
        without_secrets(answer.reason)
        assert len(answer.body) <= request.limit
    assert loop.time() - began < SECONDS * request.timeout_factor + SLACK
    return result


async def answered(script: Script, request: ApiRequest = READ, **changes: Any) -> Answer | AccountingError:
    async with hostile_server() as server, open_api() as made:
        server.script = script
        return await called(made, server, request, **changes)


@contextmanager
def little_memory(most: int = MAX_MEMORY) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, "")).encode("latin-1")


PROVIDER: Final = b'[{"providerID":1,"name":"Joe"}]'
_echo = ECHO.decode()
SAID_BACK: Final = [
    f"{before}{echo.decode()}{after}"
    for echo in (ECHO, PLAIN_ECHO, DOTNET_ECHO)
    for before, after in (("refused ", ""), ("", "\x80"), ("x\t", "\xffx"))
]
status_lines = st.one_of(
    st.sampled_from(
        ["200 OK", "204 No Content", "304 Not Modified", "302 Found", "400 Bad", "401 Who", "429 Slow", "500 Oops"]
    ),
    st.sampled_from(
        [
            "200",
            "200 ",
            "101 Switch",
            *(f"{code} {reflected}" for code in (302, 400, 403, 500) for reflected in SAID_BACK),
        ]
    ),
    st.builds(
        lambda code, reason: f"{code} {reason}",
        st.integers(100, 1000),
        st.text(st.characters(max_codepoint=255), max_size=9),
    ),
).map(lambda line: b"HTTP/1.1 " + line.encode("latin-1"))
garbage_lines = st.sampled_from(
    [
        b"HTTP/9.9 200 OK",
        b"HTTP/1.1 -1 No",
        b"HTTP/1.1 2OO OK",
        b"HTTP/1.1",
        b"ICY 200 OK",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01",
        b"",
    ]
) | st.binary(max_size=20)
header_lines = st.one_of(
    st.sampled_from(
        ["0", "3", "31", "32", "-1", "+3", "0x10", "1e9", "99999999999999999999", "", " 31 ", "31, 31", "3\x00"]
    ).map(lambda length: f"Content-Length: {length}"),
    st.sampled_from(["chunked", "gzip, chunked", "chunked, chunked", "identity", "xchunked", ""]).map(
        lambda coding: f"Transfer-Encoding: {coding}"
    ),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "x-gzip", "\xff", ""]).map(
        lambda coding: f"Content-Encoding: {coding}"
    ),
    st.sampled_from(
        [
            *(
                "Location: http://127.0.0.1:1/",
                f"Location: {_echo}",
                "Set-Cookie: a=b; path=/",
                "Set-Cookie: \xff\x00=;;;",
                "X",
            ),
            *(
                "Retry-After: 3",
                "Retry-After: -1",
                "Retry-After: Mon, 99 Foo 99999 99:99:99 GMT",
                f"X-Echo: {_echo}",
                ": none",
            ),
            *(
                "Connection: close",
                "Connection: upgrade",
                "Upgrade: websocket",
                "Keep-Alive: timeout=-1",
                " folded",
                "A: " + "x" * 9000,
            ),
            *(
                "Content-Type: text/html; charset=\xff",
                "Content-Type: application/json; charset=utf-7",
                "\x00: \x00",
                "A B: c",
            ),
        ]
    ),
)
gzipped: Final = gzip.compress(PROVIDER)
bodies = st.sampled_from(
    [
        *(
            b"",
            PROVIDER,
            PROVIDER[:9],
            PROVIDER + b"x",
            b"<html>" + ECHO,
            gzipped,
            gzipped[:-9],
            gzipped + b"\x00",
            gzipped * 2,
        ),
        *(zlib.compress(PROVIDER), zlib.compress(PROVIDER)[2:-4], gzip.compress(gzipped), b"\x1f\x8b" + b"\xff" * 30),
        *(b"1f\r\n" + PROVIDER + b"\r\n0\r\n\r\n", b"1F;a=b\r\n" + PROVIDER + b"\r\n0\r\nTrailer: x\r\n\r\n"),
        *(b"ffffffffffffffffff\r\nx", b"-1\r\nx\r\n", b"0\r\n\r\n", b"zz\r\n", b"1\r\nxx\r\n", b"5\r\nab"),
    ]
) | st.binary(max_size=60)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """An answer, with some of what makes it one missing, doubled or wrong."""
    line = draw(status_lines | status_lines | garbage_lines)
    lines = [each.encode("latin-1") for each in draw(st.lists(header_lines, max_size=4))]
    body = draw(bodies)
    if draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(body))
    reflected = draw(
        st.sampled_from(
            [b"", b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n" * 9, b"\r\n"]
        )
    )
    reflected += b"\r\n".join([line, *lines, b"", b""]) + body
    if draw(st.booleans()) and reflected:
        damaged = bytearray(reflected)
        for _ in range(draw(st.integers(1, 3))):
            damaged[draw(st.integers(0, len(damaged) - 1))] = draw(st.integers(0, 255))
        reflected = bytes(damaged)
    if draw(st.booleans()):
        reflected = reflected[: draw(st.integers(0, len(reflected)))]
    cut = draw(st.integers(0, len(reflected)))
    # Few hold: each of those takes the whole time limit.
    ends: list[End] = ["close", "close", "close", "close", "reset", "reset", "close", "hold"]
    return Script(parts=[reflected[:cut], reflected[cut:]], end=draw(st.sampled_from(ends)))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def one_api(runner: asyncio.Runner) -> Iterator[VantacaApi]:
    opened = open_api()
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


@given(script=scripts(), request_=st.sampled_from([READ, WRITE]), basic_auth=st.booleans())
@settings(max_examples=300)
def test_any_answer(
    runner: asyncio.Runner,
    one_api: VantacaApi,
    script: Script,
    request_: ApiRequest,
    basic_auth: bool,  # noqa: FBT001 -- hypothesis passes it by name
) -> None:
    async def once() -> None:
        async with hostile_server() as server:
            server.script = script
            await called(one_api, server, request_, basic_auth=basic_auth)

    runner.run(once())


@pytest.mark.parametrize("reflected", SAID_BACK)
async def test_a_reflected_reason_is_not_revealed(reflected: str) -> None:
    result = await answered(
        Script(parts=[head("Content-Length: 0", status=f"400 {reflected}")]), timeout_seconds=IN_PEACE
    )
    assert isinstance(result, Answer)
    assert "***" in result.reason


FLOODS = {
    "headers": Script(parts=[head()[:-2], *[b"X-Flood: " + b"x" * 1000 + b"\r\n"] * 1500]),
    "small headers": Script(parts=[head()[:-2], b"a:b\r\n" * 400_000]),
    "one header": Script(parts=[head()[:-2], b"X-Flood: ", *[b"x" * 65536] * 40]),
    "a status line": Script(parts=[b"HTTP/1.1 200 ", *[b"x" * 65536] * 40]),
    "100 Continue": Script(parts=[b"HTTP/1.1 100 Continue\r\n\r\n" * 1000], times=10**9),
    "103 with headers": Script(parts=[b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 1000], times=10**9),
    "blank lines": Script(parts=[b"\r\n" * 30_000], times=10**9),
    "cookies": Script(parts=[head(*["Set-Cookie: a=" + "b" * 500] * 100, "Content-Length: 0")]),
    "a body until it closes": Script(parts=[head(), *[b"x" * 65536] * 40]),
    "a body of claimed length": Script(parts=[head("Content-Length: 99999999999"), *[b"x" * 65536] * 40]),
    "chunks": Script(parts=[head("Transfer-Encoding: chunked"), *[b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 40]),
    "tiny chunks": Script(parts=[head("Transfer-Encoding: chunked"), *[b"1\r\nx\r\n" * 10_000] * 60]),
    "chunk extensions": Script(parts=[head("Transfer-Encoding: chunked"), b"1;", *[b"x" * 65536] * 40]),
    "trailers": Script(parts=[head("Transfer-Encoding: chunked"), b"0\r\n", *[b"X: " + b"y" * 1000 + b"\r\n"] * 1500]),
    "an error's page": Script(parts=[head(status="500 Oops"), *[b"x" * 65536] * 40]),
    "empty members": Script(parts=[head("Content-Encoding: gzip"), gzip.compress(b"") * 3000], times=10**9),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood(flood: str) -> None:
    with little_memory():
        await answered(FLOODS[flood])


DRIPS = {
    "nothing": Script(parts=[], end="hold"),
    "the status line": Script(parts=[bytes([letter]) for letter in head()], pause=0.1, end="hold"),
    "headers": Script(parts=[head()[:-2], *[b"a:b\r\n"] * 99], pause=0.1, end="hold"),
    "a body": Script(parts=[head("Content-Length: 999"), *[b"x"] * 99], pause=0.1, end="hold"),
    "a body until it closes": Script(parts=[head(), *[b"x"] * 99], pause=0.1, end="hold"),
    "chunks": Script(parts=[head("Transfer-Encoding: chunked"), *[b"1\r\nx\r\n"] * 99], pause=0.1, end="hold"),
    "a packed body": Script(parts=[head("Content-Encoding: gzip"), *[gzip.compress(b"")] * 99], pause=0.1, end="hold"),
    "100 Continue": Script(parts=[b"HTTP/1.1 100 Continue\r\n\r\n"], times=99, pause=0.1, end="hold"),
    "an error's page": Script(parts=[head(status="400 No"), *[b"x"] * 99], pause=0.1, end="hold"),
}


@pytest.mark.parametrize("drip", DRIPS)
async def test_a_drip_ends_in_time(drip: str) -> None:
    result = await answered(DRIPS[drip], PATIENT if drip == "a body" else READ)
    assert isinstance(result, UnavailableError)
    assert "did not answer in 0.3 seconds" in result.sentence


def bomb(layers: int, size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blank = b" " * 1_000_000
    body = b"".join(packer.compress(blank) for _ in range(size // len(blank))) + packer.flush()
    for _ in range(layers - 1):
        body = gzip.compress(body, 9)
    return body


BOMBS = {
    "one layer": ("gzip", bomb(1, 50_000_000)),
    "two layers": ("gzip, gzip", bomb(2, 50_000_000)),
    "three layers": ("gzip,gzip,gzip", bomb(3, 50_000_000)),
    "two layers under one name": ("gzip", bomb(2, 50_000_000)),
    "many names": (", ".join(["gzip"] * 500), bomb(1, 2_000_000)),
    "deflate": ("deflate", zlib.compress(b" " * 50_000_000)),
    "many members": ("gzip", gzip.compress(b" " * 1000) * 30_000),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("status", ["200 OK", "400 No"])
async def test_a_bomb_takes_little_memory(name: str, status: str) -> None:
    encoding, body = BOMBS[name]
    script = Script(parts=[head(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}", status=status), body])
    with little_memory(len(body) + MAX_MEMORY):
        result = await answered(script)
    if status == "200 OK" and name != "two layers under one name":
        assert isinstance(result, UnavailableError)


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 401, 407, 201])
async def test_nobody_else_is_asked(status: int, request_: ApiRequest) -> None:
    async with hostile_server() as elsewhere, hostile_server() as server, open_api() as made:
        more = [
            f"Location: {elsewhere.url}/{_echo}",
            f"Refresh: 0; url={elsewhere.url}",
            f'Alt-Svc: h2="{elsewhere.url}"',
        ]
        more += ["WWW-Authenticate: Basic", "Proxy-Authenticate: Basic", "Set-Cookie: a=b; path=/", "Content-Length: 0"]
        more += ["Connection: close"]
        server.script = Script(parts=[head(*more, status=f"{status} There")])
        for _ in range(2):
            await called(made, server, request_, timeout_seconds=IN_PEACE)
        assert elsewhere.connections == 0
        assert len(server.heads) == 2
        assert not any(b"cookie" in each.lower() or b"authorization" in each.lower() for each in server.heads)


WHOLE = head("Content-Type: application/json", f"Content-Length: {len(PROVIDER)}") + PROVIDER


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_connection_that_ends_anywhere(end: End) -> None:
    async with hostile_server() as server, open_api() as made:
        for at in range(len(WHOLE)):
            server.script = Script(parts=[WHOLE[:at]], end=end)
            result = await called(made, server, WRITE, timeout_seconds=IN_PEACE)
            assert isinstance(result, UnavailableError)


async def test_the_next_call_is_not_answered_with_what_was_left_of_the_last() -> None:
    async with hostile_server() as server, open_api() as made:
        server.script = Script(parts=[WHOLE + WHOLE.replace(b"Joe", b"Eve")], end="hold")
        result = [await called(made, server, timeout_seconds=IN_PEACE) for _ in range(3)]
    assert [answer.body for answer in result if isinstance(answer, Answer)] == [PROVIDER] * 3
