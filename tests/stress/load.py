"""Keeps runs under way while something else is tested."""

import asyncio
import logging
import random
from typing import Final

from messaging.producer import KafkaUnavailableError
from tests.stress.runs import Runs

log = logging.getLogger(__name__)

IN_A_RUN: Final = (60, 150)
PAUSE_SECONDS: Final = 0.5


class Load:
    """Requests a run as soon as all earlier runs are settled; while Kafka is unavailable it tries again."""

    def __init__(self, runs: Runs, rng: random.Random) -> None:
        self._runs = runs
        self._rng = rng
        self._stopping = False

    async def run(self) -> None:
        """Press until ``stop`` is called."""
        while not self._stopping:
            try:
                await self._runs.forget_settled()
                async with self._runs.pressing:
                    if not self._runs.unsettled:
                        await self._runs.press(self._rng.randint(*IN_A_RUN))
            except KafkaUnavailableError as error:
                log.info("No press: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """End ``run`` after the present press."""
        self._stopping = True
