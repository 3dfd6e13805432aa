"""The console's server: one socket, one event loop, an end in time."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import uvicorn

from cli.processes.process import STOP_SIGNALS
from schemas.errors import ViveSyncError

BACKLOG: Final = 256


class ConsoleError(ViveSyncError, RuntimeError):
    """The console can't start. The message names the remedy."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound and listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConsoleError(f"The console can't listen at {host}, port {port}: {error.strerror or error}.") from None
    with bound:
        # Its connections inherit it. Without, a body that follows its head waits for the other side: 40 ms an answer.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield bound


def address_of(at: socket.socket) -> str:
    """The address that it answers at."""
    host, port = at.getsockname()[:2]
    return f"http://[{host}]:{port}" if at.family is socket.AF_INET6 else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Ends at the first signal with exit code 0, and lets streams end before it waits for answers under way."""

    def __init__(
        self, config: uvicorn.Config, *, before_shutdown: Callable[[], None], ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and report it."""
        await super().startup(sockets)
        if self.started:
            loop = asyncio.get_running_loop()
            for number in STOP_SIGNALS:
                loop.add_signal_handler(number, self._stop)
            self._ready()

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        self._before_shutdown()
        await super().shutdown(sockets)

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        """Leave signals to us: uvicorn would raise them again once it has ended."""
        return nullcontext()
