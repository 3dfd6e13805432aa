"""How often the projector polls, holds its lease, and tries again."""

import time
from collections.abc import Callable
from typing import Final

from console.read_model.projection.writer import Writer
from console.read_model.store.lease import Lease

RENEW_SECONDS: Final = 3.0
LONGEST_PAUSE: Final = 10.0


class Tick:
    """Writes, and renews the lease from time to time where nothing is written."""

    def __init__(self, lease: Lease, writer: Writer, *, now: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self.writer = writer
        self.kept_records_taken = False
        """Whether the tables are known to have the records that only the vendor table keeps."""
        self._now = now
        self._renewed = float("-inf")
        self._was_caught_up = False

    def renew(self, *, caught_up: bool = False) -> None:
        """Hold the lease, if it is time to, or if everything is projected now and was not before."""
        if self._now() - self._renewed >= RENEW_SECONDS or caught_up > self._was_caught_up:
            self._lease.renew(caught_up=caught_up)
            self._renewed = self._now()
        self._was_caught_up = caught_up


class Pause:
    """How long to wait before the next attempt: longer each time."""

    def __init__(self) -> None:
        self._seconds = 0.25

    def longer(self) -> float:
        """The next pause, in seconds."""
        self._seconds = min(self._seconds * 2, LONGEST_PAUSE)
        return self._seconds

    def forget(self) -> None:
        """It went well."""
        self._seconds = 0.25
