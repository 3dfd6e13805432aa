"""The session cookie: it holds the token itself, out of the reach of scripts."""

from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from console.auth.principal import Principal
from console.http.guard import COOKIE

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def set_session(request: Request, response: Response, token: str, principal: Principal) -> None:
    """Keep the token in the cookie for as long as it counts."""
    left = SESSION_AT_MOST if principal.until is None else int((principal.until - datetime.now(UTC)).total_seconds())
    response.set_cookie(
        COOKIE,
        token,
        max_age=max(0, min(left, SESSION_AT_MOST)),
        httponly=True,
        samesite="lax",
        secure=_secure(request),
    )


def clear_session(request: Request, response: Response) -> None:
    """Delete the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_secure(request))


def _secure(request: Request) -> bool:
    return request.url.scheme != "http" or request.url.hostname not in LOOPBACK


SESSION_AT_MOST: Final = 24 * 3600
