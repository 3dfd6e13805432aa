"""Serves a sandbox over HTTP."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from accounting.vantaca.sandbox.sandbox import Sandbox
from accounting.vantaca.sandbox.server.data_file import load, read_data_file
from accounting.vantaca.sandbox.server.exchange import Exchange

# aiohttp quotes request lines, which hold passwords, in what it logs about broken requests. This logger is outside
# the tree, so that no logging configuration enables it.
_aiohttp_log = logging.Logger("silent")  # noqa: LOG001
_aiohttp_log.disabled = True

_SHUTDOWN_SECONDS = 1.0


class RunningSandbox:
    """A sandbox that is being served; also an async context manager that closes it."""

    def __init__(self, runner: web.ServerRunner, exchange: Exchange, host: str, port: int) -> None:
        self._runner = runner
        self._exchange = exchange
        self.sandbox = exchange.sandbox
        self.port = port
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening, release hung calls, and give the others one second to end."""
        self._exchange.closing = True
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def run_sandbox(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> RunningSandbox:
    """Serve a sandbox on this loop over plain HTTP/1.1; port 0 takes a free one. Raise OSError if it is taken."""
    exchange = Exchange(sandbox)
    server = web.Server(exchange.handle, access_log=None, logger=_aiohttp_log)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError:
        await runner.cleanup()
        raise
    return RunningSandbox(runner, exchange, host, runner.addresses[0][1])


def serve_forever(
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int = 0,
    data_file: Path | None = None,
    *,
    ready: Callable[[RunningSandbox], None] | None = None,
) -> None:
    """Serve a sandbox, filled from a data file, until SIGINT or SIGTERM; `ready` is called once it listens.

    Raise OSError if the file or the port cannot be had, ValueError (pydantic's ValidationError included) if the file
    does not fit.
    """
    if data_file is not None:
        load(sandbox, read_data_file(data_file))
    asyncio.run(_serve(sandbox, host, port, ready))


async def _serve(sandbox: Sandbox, host: str, port: int, ready: Callable[[RunningSandbox], None] | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with await run_sandbox(sandbox, host, port) as running:
        if ready is not None:
            ready(running)
        await stopped.wait()
