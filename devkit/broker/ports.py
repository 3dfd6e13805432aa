"""Ports on loopback for the servers that are started here."""

import socket
import sys

from devkit.broker.broker import BrokerUnavailableError

LOOPBACK = "127.0.0.1"


class PortReservation:
    """A TCP port on loopback that no other process gets while it is reserved.

    On Linux the kernel does not assign the port of a socket that is bound but does not listen, and a server that sets
    SO_REUSEADDR, as Java does, can listen on it: the port stays reserved also while the server is down. Other systems
    do not share a port; there it is released immediately, and only the number is kept.
    """

    def __init__(self, port: int | None = None) -> None:
        """Reserve `port`, or any free one.

        Raises:
            OSError: the port is in use.
        """
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((LOOPBACK, port or 0))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        if sys.platform != "linux":
            self._socket.close()

    def release(self) -> None:
        """Release the port, for a server that can't share it, or at the end."""
        self._socket.close()


def reserve_port(port: int | None) -> PortReservation:
    """Reserve ``port``, or any free one, for a broker.

    Raises:
        BrokerUnavailableError: the port is in use.
    """
    try:
        return PortReservation(port)
    except OSError as error:
        raise BrokerUnavailableError(f"Port {port} on {LOOPBACK} is taken: {error.strerror}.") from error
