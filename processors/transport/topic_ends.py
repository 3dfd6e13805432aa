"""Where topics end at this moment."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.types import TP

from processors.bounded_wait import at_most
from processors.transport.new_client import groupless_consumer, kafka_answers

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.5
CLOSING_SECONDS: Final = 1.0


class TopicEnds:
    """Asks the brokers, on a connection of its own: Faust's consumer thread answers such a question only between two fetches.

    A client that gets no answer where a new one gets it is replaced by the new one.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._client = self._new()
        self._replacing = asyncio.Lock()
        self._replacements = 0
        """How often it was tried."""

    async def start(self) -> None:
        """Connect."""
        await self._client.start()

    async def ends(self, tps: Collection[TP]) -> Mapping[TP, int] | None:
        """The end of each; None when not all of the brokers that lead them answer within five seconds, nor a new client."""
        asked, replacements = self._client, self._replacements
        ends = await _ask(asked, tps)
        if ends is not None:
            return ends
        async with self._replacing:
            if self._client is not asked:
                return await _ask(self._client, tps)
            if self._replacements > replacements:  # a new client got no answer just now
                return None
            self._replacements += 1
            return await self._replace(tps)

    async def known_ends(self, tps: Collection[TP]) -> Mapping[TP, int]:
        """The end of each; while the brokers do not answer it waits."""
        while True:
            ends = await self.ends(tps)
            if ends is not None:
                return ends
            await asyncio.sleep(POLL_SECONDS)

    async def end(self, tp: TP) -> int:
        """The last stable offset of the partition; while the brokers do not answer it waits.

        An open transaction lies behind it. Its records can't be read before it ends, so nobody waits for them.
        """
        return (await self.known_ends([tp]))[tp]

    async def stop(self) -> None:
        """Disconnect."""
        await self._client.stop()

    def _new(self) -> AIOKafkaConsumer:
        return groupless_consumer(self._bootstrap)

    async def _replace(self, tps: Collection[TP]) -> Mapping[TP, int] | None:
        """The ends as a new client knows them; where it does, it takes the place of the one that did not."""
        if not await kafka_answers(self._bootstrap):
            return None
        unused = self._new()
        try:
            ends = await _ask(unused, tps) if await _starts(unused) else None
            if ends is not None:
                log.warning(
                    "The client that asks where topics end got no answer from Kafka; a new one did and replaces it."
                )
                unused, self._client = self._client, unused
        finally:
            await at_most(CLOSING_SECONDS, "Closing a client that asked where topics end", unused.stop())
        return ends


async def _starts(client: AIOKafkaConsumer) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.start()
    except (TimeoutError, KafkaError):
        return False
    return True


async def _ask(client: AIOKafkaConsumer, tps: Collection[TP]) -> Mapping[TP, int] | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            ends = await client.end_offsets([TopicPartition(*tp) for tp in tps])
    except (TimeoutError, KafkaError, ConsumerStoppedError):
        return None
    return {TP(*tp): end for tp, end in ends.items()}
