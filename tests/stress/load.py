"""Runs, one after the other, for as long as something else goes on."""

import asyncio
import random
from typing import Final

from producers.kafka import KafkaAwayError
from tests.stress.runs import Runs

IN_A_RUN: Final = (60, 150)
AGAIN_SECONDS: Final = 0.5


class Load:
    """Presses again as soon as all earlier runs are settled, and bears a Kafka that is unavailable."""

    def __init__(self, runs: Runs, rng: random.Random) -> None:
        self._runs = runs
        self._rng = rng
        self._stopping = False

    async def run(self) -> None:
        """Until it is stopped."""
        while not self._stopping:
            try:
                await self._runs.look()
                async with self._runs.pressing:
                    if not self._runs.unsettled:
                        await self._runs.press(self._rng.randint(*IN_A_RUN))
            except KafkaAwayError:  # the next look shows when it is back
                continue
            await asyncio.sleep(AGAIN_SECONDS)

    async def stop(self) -> None:
        """Press no more."""
        self._stopping = True
