"""The boundary of every request: security headers, a bound on bodies, a log line, and an answer to unexpected errors."""

import logging
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.http.problems import Problem, plain, problem_response

log = logging.getLogger(__name__)

MAX_BYTES: Final = 64 * 1024
"""Of a body. The largest that is meant is a note."""
MAX_PATH_CHARACTERS: Final = 300
STATIC: Final = "/static/"
SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TOO_LARGE: Final = f"The body is larger than {MAX_BYTES // 1024} KiB."


@dataclass(slots=True)
class _ResponseStatus:
    status: int | None = None


class RequestBoundary:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, began = _ResponseStatus(), time.monotonic()
        path = scope["path"]
        caching = "no-cache" if path.startswith(STATIC) else "no-store"

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", caching)
            await send(message)

        request = Request(scope)
        try:
            if _declared_length(scope) > MAX_BYTES:
                await problem_response(request, _too_large())(scope, receive, sending)
            else:
                await self._app(scope, _bounded(receive), sending)
        except Exception:
            log.exception("%s %s went wrong", scope["method"], _shown(path))
            if sent.status is not None:
                raise
            await problem_response(request, plain(500))(scope, receive, sending)
        finally:
            took = (time.monotonic() - began) * 1000
            log.info("%s %s %s %.0f ms", scope["method"], _shown(path), sent.status, took)


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0  # noqa: PLR2004 -- what int64 holds


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receiving


def _too_large() -> Problem:
    return Problem(413, "too-large", "Too large", TOO_LARGE)


def _shown(path: str) -> str:
    return quote(path)[:MAX_PATH_CHARACTERS]
