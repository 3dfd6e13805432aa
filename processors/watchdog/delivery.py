"""Detects that the worker's producer delivers nothing though Kafka is available, and ends the worker.

librdkafka can lose all of its connections for good: https://github.com/confluentinc/librdkafka/issues/5301. The watch sends the
same request to Kafka through the worker's producer and through a new client. If only the new client gets an answer, the
producer is broken. If both get one, Kafka refuses the records (disk full, too few replicas in sync), and the worker waits.

A broken producer is not replaced in the running worker: its records may or may not be on their topics, so the order outcome,
row, acknowledgement could not be guaranteed. A worker that ends has acknowledged none of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from processors.config import WorkerConfig
from processors.events.async_producer import AsyncProducer
from processors.seconds_seen import SecondsSeen
from processors.stalled import StalledError
from processors.transport.new_client import ANSWER_SECONDS, kafka_answers

LOOKS: Final = 20
"""Looks within one stall timeout."""


@dataclass(frozen=True, kw_only=True)
class DeliveryLook:
    """The state of the producer at one look."""

    at: float = 0.0
    """Seconds of watching until this look."""
    waiting: int
    """Records that wait for delivery."""
    delivered: int
    """Deliveries reported since the worker started."""
    answered: bool = True
    """Whether Kafka answered the producer; True where the watch did not ask."""
    kafka: bool = True
    """Whether Kafka answered a new client; True where the watch did not ask."""


def waits(before: DeliveryLook | None, now: DeliveryLook) -> bool:
    """Whether the same records wait at both looks."""
    return before is not None and bool(before.waiting and now.waiting) and before.delivered == now.delivered


def broken_since(since: float | None, before: DeliveryLook | None, now: DeliveryLook) -> float | None:
    """Since when every look has shown a broken producer; None when ``now`` does not. ``since``: the same value at ``before``."""
    if waits(before, now) and now.kafka and not now.answered:
        return now.at if since is None else since
    return None


@dataclass(frozen=True, kw_only=True)
class DeliveryWatch:
    """Watches one producer. ``stall_timeout``: seconds after which a broken producer ends the worker."""

    producer: AsyncProducer
    bootstrap: str
    stall_timeout: float
    monotonic: Callable[[], float]

    @classmethod
    def of(cls, config: WorkerConfig, producer: AsyncProducer, *, monotonic: Callable[[], float]) -> Self:
        """The watch with the configured time."""
        return cls(
            producer=producer, bootstrap=config.bootstrap, stall_timeout=config.delivery_seconds, monotonic=monotonic
        )

    async def run(self) -> NoReturn:
        """Look until cancelled.

        Raises:
            StalledError: the producer has been broken for the stall timeout.
        """
        interval = self.stall_timeout / LOOKS
        seconds = SecondsSeen(self.monotonic, longest=interval + ANSWER_SECONDS)
        before: DeliveryLook | None = None
        since: float | None = None
        while True:
            await asyncio.sleep(interval)
            now = await self._look(before, seconds)
            since = broken_since(since, before, now)
            if since is not None and now.at - since >= self.stall_timeout:
                raise StalledError(
                    f"The producer has delivered none of its {now.waiting} records for {self.stall_timeout:g} s and gets no "
                    "answer from Kafka, though a new client gets one. The worker ends so that it can be started anew."
                )
            before = now

    async def _look(self, before: DeliveryLook | None, seconds: SecondsSeen) -> DeliveryLook:
        waiting, delivered = self.producer.waiting, self.producer.delivered
        now = DeliveryLook(at=seconds.now(), waiting=waiting, delivered=delivered)
        if not waits(before, now):
            return now
        answered, kafka = await asyncio.gather(self.producer.is_answered(), kafka_answers(self.bootstrap))
        return DeliveryLook(at=seconds.now(), waiting=waiting, delivered=delivered, answered=answered, kafka=kafka)
