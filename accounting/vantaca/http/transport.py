"""The HTTP connection to Vantaca, shared by all clients of an event loop.

httpx's transport interface over aiohttp, called directly: several times faster than httpx's own transport, and it keeps
the reason phrase, in which Vantaca explains a refusal. HTTP/1.1 only: HTTP/2 has no reason phrase.
"""

from typing import Final

import aiohttp
from httpx_aiohttp import AiohttpTransport

CONNECTION_LIMIT: Final = 4096
"""Far above the calls that the work queue starts: the queue is the limit, not the pool."""


class _VantacaResponse(aiohttp.ClientResponse):
    """An answer with a reason phrase that is always text, and a repr (in warnings and logs) without the address."""

    async def start(self, connection: aiohttp.connector.Connection) -> "_VantacaResponse":
        await super().start(connection)
        if self.reason and not self.reason.isascii():
            raw = self.reason.encode("utf-8", "surrogateescape")
            self.reason = _decoded(raw)
        return self

    def __repr__(self) -> str:
        return "<an answer of Vantaca>"


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def open_transport() -> AiohttpTransport:
    """A transport for the running event loop. It keeps no cookies: a session of one client must not serve another."""
    transport = AiohttpTransport()
    connector = aiohttp.TCPConnector(limit=CONNECTION_LIMIT, ssl=transport.ssl_context)
    transport.client = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), response_class=_VantacaResponse
    )
    return transport
