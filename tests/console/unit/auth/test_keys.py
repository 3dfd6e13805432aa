"""Keys of a JWKS, from a server and from a file."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from console.auth.keys import (
    FETCH_SECONDS,
    FRESH_SECONDS,
    MAX_BYTES,
    MIN_REFETCH_SECONDS,
    JwksKeys,
    KeysUnavailableError,
)
from tests.support.issuer import TestIssuer
from tests.support.slowness import patient

US = TestIssuer()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Jwks:
    """A JWKS over HTTP; `status` and `body` are what it answers."""

    def __init__(self) -> None:
        self.requests = 0
        self.status = 200
        self.body = json.dumps(US.jwks).encode()
        self.pause = threading.Event()
        self.dripping = False
        self.address = ""

    @contextmanager
    def serving(self) -> Iterator["Jwks"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{server.server_port}/keys?secret=s3cr3t"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.pause.set()
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(jwks: Jwks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            jwks.requests += 1
            self.send_response(jwks.status)
            self.end_headers()
            while jwks.dripping and not jwks.pause.wait(0.2):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return
            self.wfile.write(jwks.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name for it
            """Nothing on standard error."""

    return Handler


@pytest.fixture
def jwks() -> Iterator[Jwks]:
    with Jwks().serving() as serving:
        yield serving


def test_keys_are_read_once_and_kept(jwks: Jwks) -> None:
    keys = JwksKeys(jwks.address)
    assert all(keys.get(kid) is not None for kid in ("ec-1", "rsa-1", "ec-1"))
    assert jwks.requests == 1


def test_unknown_key_ids_are_fetched_once_a_minute(jwks: Jwks) -> None:
    clock = Clock()
    keys = JwksKeys(jwks.address, monotonic=clock)
    for number in range(20):
        assert keys.get(f"unknown-{number}") is None
    assert jwks.requests == 1
    jwks.body = json.dumps({"keys": [{**US.jwks["keys"][1], "kid": "new"}]}).encode()
    clock.now += MIN_REFETCH_SECONDS - 1
    assert keys.get("new") is None
    clock.now += 1
    assert keys.get("new") is not None
    assert jwks.requests == 2


def test_a_key_that_is_taken_back_counts_no_longer(jwks: Jwks) -> None:
    clock = Clock()
    keys = JwksKeys(jwks.address, monotonic=clock)
    assert keys.get("ec-1") is not None
    jwks.body = b'{"keys": []}'
    clock.now += FRESH_SECONDS
    assert keys.get("ec-1") is None


@pytest.mark.parametrize("trouble", ["status", "text", "size"])
def test_keys_that_were_read_stay_valid_while_the_issuer_is_unavailable(
    jwks: Jwks, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    keys = JwksKeys(jwks.address, monotonic=clock)
    assert keys.get("ec-1") is not None
    if trouble == "status":
        jwks.status = 500
    else:
        jwks.body = b"<html>" if trouble == "text" else b" " * (MAX_BYTES + 1) + jwks.body
    clock.now += FRESH_SECONDS
    with caplog.at_level(logging.WARNING, "console.auth.keys"):
        assert keys.get("ec-1") is not None
    ours = [record.getMessage() for record in caplog.records if record.name == "console.auth.keys"]
    assert ["can't be read" in line for line in ours] == [True]
    assert "s3cr3t" not in ours[0]
    assert jwks.requests == 2


def test_without_any_keys_the_error_is_reported_and_they_are_fetched_again_soon(jwks: Jwks) -> None:
    clock = Clock()
    jwks.status = 503
    keys = JwksKeys(jwks.address, monotonic=clock)
    for _ in range(5):
        with pytest.raises(KeysUnavailableError, match="Try again"):
            keys.get("ec-1")
    assert jwks.requests == 1
    jwks.status = 200
    clock.now += FETCH_SECONDS
    assert keys.get("ec-1") is not None


def test_an_issuer_that_drips_is_not_waited_for(jwks: Jwks) -> None:
    jwks.dripping = True
    began = time.monotonic()
    with pytest.raises(KeysUnavailableError):
        JwksKeys(jwks.address).get("ec-1")
    assert time.monotonic() - began < FETCH_SECONDS + patient(10)


def test_keys_come_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    with pytest.raises(KeysUnavailableError):
        JwksKeys(str(path)).get("ec-1")
    path.write_text(json.dumps(US.jwks))
    assert JwksKeys(str(path)).get("ec-1") is not None
