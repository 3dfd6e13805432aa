"""A server in Vantaca's place that sends any given bytes, at a given pace."""

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote_plus, unquote_to_bytes

from tests.support.slowness import patient

ECHO: Final = b"{QUERY}"
"""Where it says back what it was asked, password included."""
PLAIN_ECHO: Final = b"{PLAIN}"
"""The same, unquoted."""
DOTNET_ECHO: Final = b"{DOTNET}"
"""The same, quoted as .NET does it: small letters, and plus for a space."""

GOES_ON: Final = 30.0
"""Seconds on an idle machine that it goes on for with who does not leave."""

End = Literal["close", "reset", "hold"]


@dataclass(kw_only=True)
class Script:
    """What to say to every request. ``times``: how often all of it is said, with ``pause`` seconds after each part."""

    parts: Sequence[bytes]
    end: End = "close"
    times: int = 1
    pause: float = 0.0


@dataclass(kw_only=True)
class HostileServer:
    """Keeps the heads of all requests, and how many connections there were."""

    script: Script = field(default_factory=lambda: Script(parts=[]))
    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    serving: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving[asyncio.current_task()] = writer
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            await self._say(head.split(b" ")[1], writer)
            if self.script.end == "hold":
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has left
        finally:
            if self.script.end == "reset":
                with suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            writer.close()

    async def _say(self, target: bytes, writer: asyncio.StreamWriter) -> None:
        deadline = time.monotonic() + patient(GOES_ON)
        for _ in range(self.script.times):
            for part in self.script.parts:
                writer.write(_said_back(part, target))
                await writer.drain()
                if self.script.pause:
                    await asyncio.sleep(self.script.pause)
                elif self.script.times > 1:
                    await asyncio.sleep(0)
                if writer.is_closing() or time.monotonic() > deadline:
                    return


def _said_back(part: bytes, target: bytes) -> bytes:
    plain = unquote_to_bytes(target)
    dotnet = re.sub("%..", lambda match: match[0].lower(), quote_plus(plain)).encode()
    return part.replace(ECHO, target).replace(PLAIN_ECHO, plain).replace(DOTNET_ECHO, dotnet)


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    """One that serves at a free port."""
    made = HostileServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    try:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made
    finally:
        server.close()
        for writer in made.serving.values():
            writer.transport.abort()
        await asyncio.gather(*(task for task in made.serving if task is not None))
