"""One read to the end for all who ask for one at the same time."""

import asyncio
from collections.abc import Awaitable, Callable


class SharedRead:
    """Each call returns after a read that began after the call; calls that wait for the next read share it.

    Reads follow one another. A caller that is cancelled during its read leaves the next one to those that wait.
    """

    def __init__(self, read: Callable[[], Awaitable[None]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._begun = 0
        self._ended = 0
        """The number of the newest read that began and ended."""

    async def __call__(self) -> None:
        """Wait for a read that begins from now on. An error of the read is raised."""
        needed = self._begun + 1
        async with self._turn:
            if self._ended >= needed:
                return
            self._begun += 1
            await self._read()
            self._ended = self._begun
