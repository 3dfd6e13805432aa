"""Ends a worker that has partitions and does not get to work on them; its supervisor starts another."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LOOK_SECONDS: Final = 1.0


class StalledError(RuntimeError):
    """The worker stands still. The text says since when and what to do."""


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """Watches over recovery: ``progress`` is any number that changes while rows come in."""

    assigned: Callable[[], bool]
    reading: Callable[[], bool]
    progress: Callable[[], int]
    monotonic: Callable[[], float]
    patience: float
    """Seconds without progress."""

    async def run(self) -> None:
        """Look once a second, until cancelled.

        Raises:
            StalledError: partitions are assigned, records do not flow, and no row came in for as long as ``patience``.
        """
        since, seen = self.monotonic(), self.progress()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now, progress = self.monotonic(), self.progress()
            if not self.assigned() or self.reading() or progress != seen:
                since, seen = now, progress
            elif now - since > self.patience:
                raise StalledError(
                    f"The worker has had partitions for {now - since:.0f} s and does not get to read them: "
                    "it ends so that it can be started anew."
                )
