"""Authorization: FastAPI dependencies that answer before anything is read or produced.

In this order: no valid token is 401, a form from elsewhere 403, another client's id 404, the role missing 403.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import Request

from console.auth.keys import KeysUnavailableError
from console.auth.principal import Principal
from console.auth.tokens import BadTokenError
from console.http.problems import Problem, not_found, unavailable
from console.ports import ConsolePorts

COOKIE: Final = "vive_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def ports_of(request: Request) -> ConsolePorts:
    """The ports of the app that serves this request."""
    ports: ConsolePorts = request.app.state.ports
    return ports


async def _ports(request: Request) -> ConsolePorts:
    return ports_of(request)


def principal(request: Request) -> Principal:
    """The person of the bearer token, or else of the session cookie, with which a method that changes something needs our origin.

    Raises:
        Problem: 401, 403 or 503.
    """
    bearer = bearer_token(request)
    token = bearer if bearer is not None else request.cookies.get(COOKIE)
    if token is None:
        raise _unauthorized("Sign in, or send a bearer token.", invalid=False)
    found = verified(request, token)
    if bearer is None and request.method not in SAFE_METHODS:
        check_origin(request)
    return found


def verified(request: Request, token: str) -> Principal:
    """The person of this token.

    Raises:
        Problem: 401 or 503.
    """
    try:
        return ports_of(request).verifier.principal(token)
    except BadTokenError as error:
        raise _unauthorized(str(error), invalid=True) from None
    except KeysUnavailableError as error:
        raise unavailable(str(error), kind="keys-away") from None


async def member_of(request: Request, who: Annotated[Principal, Depends(principal)]) -> Principal:
    """A person of the client in the path, whatever the roles.

    Raises:
        Problem: 404 for another client's id, whether there is such a client or not.
    """
    if request.path_params["client"] != who.client_id:
        raise not_found("such client")
    return who


async def admin_of(request: Request, who: Annotated[Principal, Depends(member_of)]) -> Principal:
    """A Client Admin of the client in the path.

    Raises:
        Problem: 403 where the role is missing.
    """
    if not who.is_client_admin:
        raise Problem(
            403,
            "no-client-admin",
            "Only for Client Admins",
            f"{who.display_name} is not a Client Admin of client {request.path_params['client']}: "
            "only a Client Admin may sync vendors and look at their syncs.",
        )
    return who


Admin = Annotated[Principal, Depends(admin_of)]
Member = Annotated[Principal, Depends(member_of)]
Anyone = Annotated[Principal, Depends(principal)]
Ports = Annotated[ConsolePorts, Depends(_ports)]


def bearer_token(request: Request) -> str | None:
    """The token of the header Authorization; "" for another scheme, which is no valid token; None without the header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_origin(request: Request) -> None:
    """Refuse what a page of another site sends with our cookie.

    Raises:
        Problem: 403: neither Origin nor Referer is of the host that was asked.
    """
    sent = request.headers.get("origin") or request.headers.get("referer") or ""
    try:
        host = urlsplit(sent).netloc
    except ValueError:
        host = ""
    if not host or host.lower() != request.headers.get("host", "").lower():
        raise Problem(
            403,
            "cross-origin",
            "From another site",
            "This was not sent from a page of this site. Open the page here and press again.",
        )


def _unauthorized(detail: str, *, invalid: bool) -> Problem:
    challenge = 'Bearer realm="vive-sync"' + (', error="invalid_token"' if invalid else "")
    return Problem(401, "unauthorized", "Not signed in", detail, headers={"WWW-Authenticate": challenge})
