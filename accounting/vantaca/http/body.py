"""Unpacks the body of an HTTP answer piece by piece, up to its bound."""

import zlib
from contextlib import aclosing
from typing import Any, Final

import httpx

from schemas.errors import ViveSyncError

_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_LOW_NIBBLE: Final = 0x0F
_DEFLATED: Final = 8
"""The low half of the first byte that zlib writes. Some .NET servers omit zlib's wrapping (RFC 1950)."""

_PLAIN: Final = frozenset({"", "identity"})
_GZIPPED: Final = frozenset({"gzip", "x-gzip"})


class TooLargeError(ViveSyncError):
    """The answer is larger than its bound, as it came or unpacked."""


class BrokenPackingError(ViveSyncError):
    """The answer is packed in a way that was not requested, or can't be unpacked."""


class Body:
    """Collects an answer's body. One packing is taken off at most: layers of it make gigabytes of a kilobyte."""

    def __init__(self, encoding: str, *, limit: int) -> None:
        self._encoding = encoding.strip().lower()
        self._limit = limit
        self._arrived = 0
        self._size = 0
        self._parts: list[bytes] = []
        self._unpacker: Any = None
        if self._encoding not in _PLAIN | _GZIPPED | {"deflate"}:
            raise BrokenPackingError

    def add(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            TooLargeError: this is too much.
            BrokenPackingError: it can't be unpacked.
        """
        self._arrived += len(data)
        if self._arrived > self._limit:
            raise TooLargeError
        if self._encoding in _PLAIN:
            self._keep(data)
            return
        try:
            while data:
                data = self._unpack(data)
        except zlib.error:
            raise BrokenPackingError from None

    def whole(self) -> bytes:
        """All of it.

        Raises:
            BrokenPackingError: what was packed is not whole.
        """
        if self._unpacker is not None and not self._unpacker.eof:
            raise BrokenPackingError
        return b"".join(self._parts)

    def _unpack(self, data: bytes) -> bytes:
        """Unpack the member at hand, as far as the bound allows; the answer is what follows it."""
        if self._unpacker is None or self._unpacker.eof:
            self._unpacker = zlib.decompressobj(self._window(data))
        self._keep(self._unpacker.decompress(data, self._limit - self._size + 1))
        following: bytes = self._unpacker.unused_data
        return following

    def _window(self, data: bytes) -> int:
        if self._encoding in _GZIPPED:
            return _GZIP
        return _ZLIB if data[0] & _LOW_NIBBLE == _DEFLATED else _RAW_DEFLATE

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise TooLargeError
        self._parts.append(data)


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The body, unpacked, of at most so many bytes.

    Raises:
        TooLargeError: it is larger.
        BrokenPackingError: it can't be unpacked.
        httpx.HTTPError: the connection failed.
    """
    if response.headers.get("content-length") == "0":
        return b""
    return await _collect(response, Body(response.headers.get("content-encoding", ""), limit=limit))


async def discard_body(response: httpx.Response, limit: int) -> None:
    """Read the body to its end without unpacking, and drop it.

    Raises:
        TooLargeError: it is larger than so many bytes.
        httpx.HTTPError: the connection failed.
    """
    await _collect(response, Body("", limit=limit))


async def _collect(response: httpx.Response, body: Body) -> bytes:
    stream: Any = response.aiter_raw()
    async with aclosing(stream) as parts:
        async for part in parts:
            body.add(part)
    return body.whole()
