"""Publishes records from one event loop, and reports when the brokers have them."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from messaging.producer import BY_KEY, IDEMPOTENT
from processors.transport.new_client import in_time, is_answered

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.002
LINGER_MS: Final = 20
"""How long a record may wait to be sent with others. At 5 a busy worker spent a tenth more CPU per vendor on small requests."""
SOCKET_TIMEOUT_MS: Final = 10_000
"""How long a broker may stand still; librdkafka's 60 s would be waited for although another leads after five."""
GIVEN_UP: Final = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)  # noqa: SLF001 -- the client's own names
CONNECT_TIMEOUT_MS: Final = 5_000
"""How long connecting may take. With the pause between two attempts, 10 s at most, a producer that is not broken has a
connection 15 s after Kafka has come back. Shorter pauses made librdkafka lose its brokers for good eight times as often."""
ASK_SECONDS: Final = 1.0
"""How long the answer to a question of ``is_answered`` may take."""


class DeliveryReport(NamedTuple):
    """The position of a delivered record."""

    partition: int
    offset: int


class AsyncProducer:
    """An idempotent producer (acks=all) for one event loop.

    While Kafka is unavailable the producer keeps its records and publishes them afterwards: it never gives up a record, and a
    future of ``send`` fails only on an error that no retry fixes. ``on_fatal`` is then called once: the worker must end.
    """

    def __init__(self, settings: Mapping[str, Any], *, on_fatal: Callable[[Exception], None]) -> None:
        self._producer = Producer(
            {
                **IDEMPOTENT,
                "linger.ms": LINGER_MS,
                "message.timeout.ms": 0,
                "socket.timeout.ms": SOCKET_TIMEOUT_MS,
                "socket.connection.setup.timeout.ms": CONNECT_TIMEOUT_MS,
                "queue.buffering.max.messages": 2_000_000,
                **settings,
                "error_cb": self._on_error,
            }
        )
        self._on_fatal = on_fatal
        self.waiting = 0
        """Records that wait for delivery."""
        self.delivered = 0
        """Deliveries reported so far."""
        self._delivered_before = 0
        """The same when ``takes_writes`` was last asked."""
        self._asking = threading.Lock()
        """Held while the producer is asked in a thread: it must not be closed meanwhile."""
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: dict[str, str | bytes | None] | None = None,
    ) -> "asyncio.Future[DeliveryReport]":
        """Publish a record; the future ends once all in-sync replicas have it.

        ``partition`` None: by key. ``value`` None: a tombstone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[DeliveryReport] = loop.create_future()

        self._producer.produce(
            topic,
            key=key,
            value=value,
            headers=headers,
            on_delivery=partial(self._report, future),
            partition=BY_KEY if partition is None else partition,
        )
        self.waiting += 1
        if self._timer is None:
            self._timer = loop.call_later(POLL_SECONDS, self._poll, loop)
        return future

    def _report(self, future: "asyncio.Future[DeliveryReport]", error: KafkaError | None, message: Message) -> None:
        self.waiting -= 1
        self.delivered += 1
        if future.done():
            return
        if error is None:
            future.set_result(DeliveryReport(message.partition() or 0, message.offset() or 0))
        elif error.code() in GIVEN_UP:
            future.cancel()
        else:
            future.set_exception(KafkaException(error))

    def takes_writes(self) -> bool:
        """Return whether no record waits, or some were delivered since the last call."""
        before, self._delivered_before = self._delivered_before, self.delivered
        return self.delivered > before or not self.waiting

    async def is_answered(self) -> bool:
        """Whether Kafka answers this very producer within a second."""
        return await in_time(self._ask, ASK_SECONDS)

    def _ask(self) -> bool:
        with self._asking:
            return not self._closed and is_answered(self._producer, ASK_SECONDS)

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        self._producer.poll(0)
        self._timer = loop.call_later(POLL_SECONDS, self._poll, loop) if self.waiting else None

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._on_fatal(KafkaException(error))
        else:
            log.warning("The producer reports an error, and tries again: %s", error)

    async def flush(self, seconds: float) -> int:
        """Wait until all records are delivered, for at most ``seconds``, and return how many are not."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.waiting and loop.time() < deadline:
            self._producer.poll(0)
            await asyncio.sleep(POLL_SECONDS)
        return self.waiting

    def drop(self) -> None:
        """Give up records that are not delivered: their futures are cancelled.

        A row that came late would replace a newer one of the partition's next owner.
        """
        if self.waiting:
            self._producer.purge()

    def close(self) -> None:
        """Stop polling. Records not delivered by then are dropped; nothing of theirs was acknowledged."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._closed = True
        self._producer.purge()
        # One that is being asked ends with the thread that asks it.
        if self._asking.acquire(blocking=False):
            try:
                self._producer.close()
            finally:
                self._asking.release()
