"""The publisher, of which the watchdog can learn whether the brokers take what is said."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from processors.publisher import Publisher


class WatchedPublisher(Publisher):
    """A publisher that notices deliveries."""

    def __init__(self, settings: Mapping[str, Any], *, on_fatal: Callable[[Exception], None]) -> None:
        super().__init__(settings, on_fatal=on_fatal)
        self._delivered = False

    def takes_writes(self) -> bool:
        """Whether all that was said is delivered, or some of it was since this was last asked."""
        delivered, self._delivered = self._delivered, False
        return delivered or not self._outstanding

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        outstanding = self._outstanding
        super()._poll(loop)
        self._delivered = self._delivered or self._outstanding < outstanding
