"""Calls to Vantaca over HTTP. The URL of a call holds the password, so it never leaves this module."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from accounting.credentials import Credentials, CredentialsFolder
from accounting.errors import UnavailableError
from accounting.vantaca.http.answer import Answer, clean_reason, read_retry_after
from accounting.vantaca.http.body import BrokenPackingError, TooLargeError, discard_body, read_body
from accounting.vantaca.http.transport import open_transport
from accounting.vantaca.planning.calls import Value
from schemas.records.integration import Integration

SMALL_BODY: Final = 1024 * 1024
"""Bytes; the largest answer to anything but a bulk read."""
LARGE_BODY: Final = 64 * 1024 * 1024
"""Bytes; the largest answer to a bulk read, unpacked."""
BULK_TIMEOUT_FACTOR: Final = 4
"""A bulk read may take this many times ``timeout_seconds`` as a whole, and no pause in it longer than one."""

_LAST_SUCCESS: Final = 299


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A call to Vantaca.

    Attributes:
        doing: the call in words for a person, such as ``updating provider 12``.
        limit: the largest answer in bytes.
        timeout_factor: the multiple of the integration's ``timeout_seconds`` that the call may take as a whole.
    """

    method: str
    path: str
    parameters: Sequence[tuple[str, Value]]
    doing: str
    limit: int = SMALL_BODY
    timeout_factor: int = 1


class VantacaApi:
    """Makes calls for any integration, with the integration's credentials. One connection pool per event loop."""

    def __init__(self, credentials: CredentialsFolder) -> None:
        self._credentials = credentials
        self._transports: WeakKeyDictionary[asyncio.AbstractEventLoop, AiohttpTransport] = WeakKeyDictionary()

    async def call(self, integration: Integration, request: ApiRequest) -> Answer:
        """Make a call and read its answer, whatever its status.

        Raises:
            CredentialsRefusedError: there are no credentials to call with.
            UnavailableError: no answer came, not all of it, or too much of it.
        """
        credentials = self._credentials.get(integration.credentials_ref)
        answer = await self._exchange(integration, request, credentials)
        if isinstance(answer, UnavailableError):
            # Raised here and not where it was caught, so that no frame or context of it holds the URL.
            raise answer
        return answer

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        transport = self._transports.pop(asyncio.get_running_loop(), None)
        if transport is not None:
            await transport.aclose()

    async def _exchange(
        self, integration: Integration, request: ApiRequest, credentials: Credentials
    ) -> Answer | UnavailableError:
        """Return the answer, or the error that explains why there is none."""
        seconds = integration.timeout_seconds
        doing = request.doing
        try:
            async with asyncio.timeout(seconds * request.timeout_factor):
                return await self._send(_http_request(integration, request, credentials), request.limit, credentials)
        except (TimeoutError, httpx.TimeoutException) as error:
            return UnavailableError(_unanswered(error, request, seconds))
        except TooLargeError:
            return UnavailableError(f"Vantaca's answer to {doing} is larger than {request.limit // 1024} KiB.")
        except BrokenPackingError:
            return UnavailableError(f"Vantaca's answer to {doing} can't be unpacked.{_perhaps(request)}")
        except Exception as error:  # noqa: BLE001 -- whatever the HTTP libraries raise may hold the URL in its text
            return UnavailableError(
                f"The connection to Vantaca failed at {doing} ({type(error).__name__}).{_perhaps(request)}"
            )

    async def _send(self, request: httpx.Request, limit: int, credentials: Credentials) -> Answer:
        response = await self._transport().handle_async_request(request)
        try:
            status = response.status_code
            if httpx.codes.OK <= status <= _LAST_SUCCESS:
                return Answer(status=status, body=await read_body(response, limit))
            with suppress(TooLargeError, httpx.HTTPError):
                # The connection can serve the next call only if the error page is read to its end.
                await discard_body(response, SMALL_BODY)
        finally:
            with suppress(httpx.HTTPError):
                await response.aclose()
        reason = response.extensions.get("reason_phrase", b"").decode("utf-8", "replace")
        return Answer(
            status=status,
            reason=clean_reason(reason, _secrets(credentials)),
            retry_after=read_retry_after(response.headers.get("retry-after"), datetime.now(UTC)),
        )

    def _transport(self) -> AiohttpTransport:
        loop = asyncio.get_running_loop()
        transport = self._transports.get(loop)
        if transport is None:
            transport = self._transports[loop] = open_transport()
        return transport


class _PreparedRequest(httpx.Request):
    """A request that does not parse its well-formed address: parsing costs as much CPU as planning the call."""

    def __init__(
        self, method: str, address: str, *, headers: dict[str, str], content: bytes, extensions: dict[str, Any]
    ) -> None:
        self.method = method
        self.url = address  # type: ignore[assignment] # the transport only reads its text
        self.headers = headers  # type: ignore[assignment] # and passes these on unchanged
        self._content = content
        self.extensions = extensions

    def __repr__(self) -> str:
        return "<a call to Vantaca>"


def _http_request(integration: Integration, request: ApiRequest, credentials: Credentials) -> httpx.Request:
    """Build the request with its credentials in the query, as Vantaca's OpenAPI 3.8.0 requires."""
    company, login, password = _values(credentials)
    query = [("company", company), ("login", login), ("pwd", password)]
    in_body = request.method == "POST" and integration.write_parameters == "body"
    if not in_body:
        query.extend((name, _on_the_wire(value)) for name, value in request.parameters)
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "vive-sync"}
    content = b""
    if in_body:
        content = json.dumps(dict(request.parameters)).encode()
        headers["Content-Type"] = "application/json"
    if integration.basic_auth:
        headers["Authorization"] = f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"
    seconds = integration.timeout_seconds
    timeout: dict[str, Any] = {"connect": seconds, "read": seconds, "pool": seconds}
    return _PreparedRequest(
        request.method,
        f"{integration.base_url}{request.path}?{urlencode(query, safe='', quote_via=quote)}",
        headers=headers,
        content=content,
        extensions={"timeout": timeout},
    )


def _on_the_wire(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _unanswered(error: Exception, request: ApiRequest, seconds: float) -> str:
    """Explain a call without an answer. The transport raises a timeout for every failure of a connection, with its cause."""
    cause, doing = error.__cause__, request.doing
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"Vantaca can't be reached at {doing}: check the base address and the network."
    if isinstance(error, httpx.ConnectTimeout) and not isinstance(cause, TimeoutError):
        return f"The connection to Vantaca broke at {doing}.{_perhaps(request)}"
    return f"Vantaca did not answer in {seconds:g} seconds at {doing}.{_perhaps(request)}"


def _perhaps(request: ApiRequest) -> str:
    return " It may have been done; VIVE reads before it tries again." if request.method == "POST" else ""


def _secrets(credentials: Credentials) -> tuple[str, ...]:
    """The values in every form in which an answer could repeat them."""
    values = _values(credentials)
    quoted = (form for value in values for form in (quote(value, safe=""), quote_plus(value)))
    # A reason phrase that is not UTF-8 as a whole is read as Latin-1.
    return (*values, *quoted, *(value.encode().decode("latin-1") for value in values))


def _values(credentials: Credentials) -> tuple[str, str, str]:
    return (
        credentials.company.get_secret_value(),
        credentials.login.get_secret_value(),
        credentials.password.get_secret_value(),
    )
