"""Handles the HTTP requests of a served sandbox, transport faults included."""

import asyncio
import contextlib
import logging
import time
import traceback
from http import HTTPStatus

from aiohttp import web

from accounting.vantaca.sandbox.answer import Answer, error_answer
from accounting.vantaca.sandbox.calls.call import Call, read_call
from accounting.vantaca.sandbox.calls.call_log import LoggedCall
from accounting.vantaca.sandbox.faults.fault_book import Strike
from accounting.vantaca.sandbox.sandbox import Sandbox, Transmission
from accounting.vantaca.sandbox.server.admin import PREFIX, admin_answer

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
NO_HTTP = b"\x16\x03\x01\x00HTTP/9.9 0 \xff\xfe\r\n\x00: \r\n\r\n{]"


class Exchange:
    """Handles the requests to one served sandbox and sends its answers.

    Set `closing` to release the calls that hang.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.closing = False

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, of Vantaca's calls or of the admin paths. A fault in the sandbox's code is a 500."""
        try:
            if request.path.startswith(PREFIX):
                body = await request.content.read()
                return _response(admin_answer(self.sandbox, request.method, request.path, request.query, body))
            return await self._vantaca(request)
        except (web.HTTPException, ConnectionError, web.RequestPayloadError):
            raise
        except Exception as bug:  # noqa: BLE001 - the connection stays open, as on any server
            # The text of an error is not safe to log, it may quote a URL; where it arose is.
            place = traceback.extract_tb(bug.__traceback__)[-1]
            _log.error("the sandbox failed on a call: %s at %s:%s", type(bug).__name__, place.filename, place.lineno)
            return _response(error_answer(500, media_type="application/json"))

    async def _vantaca(self, request: web.BaseRequest) -> web.StreamResponse:
        at = time.time()
        call = await _read(request)
        status: int | None = None
        strike = Strike()
        self.sandbox.call_log.begin(call.company, call.path)
        try:
            strike = self.sandbox.faults.strike(company=call.company, path=call.path, now=time.monotonic())
            if strike.delay:
                await asyncio.sleep(strike.delay)
            answer, delivery = self.sandbox.respond(call, strike)
            if delivery is Transmission.WHOLE:
                status = answer.status
                return _response(answer)
            if delivery is Transmission.CUT:
                return await _send_half(request, answer)
            if delivery is Transmission.HUNG:
                await self._hang(request, strike)
            if delivery is Transmission.GARBLED:
                return _garble(request)
            return _reset(request)
        except Exception:
            status = HTTPStatus.INTERNAL_SERVER_ERROR.value
            raise
        finally:
            self.sandbox.call_log.end(
                LoggedCall(
                    at=at,
                    company=call.company,
                    method=call.method,
                    path=call.path,
                    parameters=call.parameters,
                    status=status,
                    fault=strike.name,
                )
            )

    async def _hang(self, request: web.BaseRequest, strike: Strike) -> None:
        # aiohttp has no event for a caller that has disconnected, so the state is polled.
        while self.sandbox.faults.in_force(strike) and request.transport is not None and not self.closing:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)


async def _read(request: web.BaseRequest) -> Call:
    headers = request.headers
    body = await request.read() if request.body_exists else b""
    return read_call(
        method=request.method,
        path=request.path,
        query=request.query.items(),
        authorization=headers.get("Authorization", ""),
        json_body=body if request.content_type.endswith("json") else b"",
        sized="Content-Length" in headers or "Transfer-Encoding" in headers,
    )


def _headers(answer: Answer) -> dict[str, str]:
    headers = {"Server": "Microsoft-IIS/10.0", **answer.headers}
    if answer.media_type:
        headers["Content-Type"] = answer.media_type
    return headers


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, reason=answer.reason, body=answer.body or None, headers=_headers(answer))


async def _send_half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    if answer.status == HTTPStatus.NO_CONTENT:
        return _reset(request)
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_headers(answer))
    # An answer without a body is cut before its end as well: it claims one byte that never comes.
    response.content_length = max(len(answer.body), 1)
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _garble(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.write(NO_HTTP)
        request.transport.close()
    return web.Response()


def _reset(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
