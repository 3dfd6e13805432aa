"""Requests syncs on a real Kafka, once for each idempotency key."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from uuid_utils import uuid7

from console.auth.principal import Principal
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.idempotency import Idempotency
from messaging.producer import BlockingProducer, KafkaUnavailableError
from producers.button import SyncReceipt, request_sync
from schemas.wire.codec import Codec

KAFKA_SECONDS: Final = 3.5
"""With the wait for a turn and for the brokers' confirmation below five seconds, as long as a person waits for an answer."""
TURN_SECONDS: Final = 0.5
SOON_BACK: Final = {"reconnect.backoff.max.ms": 500}
"""A producer that is kept must not be the last to notice that Kafka is back."""
AT_ONCE: Final = 8
"""Requests that may wait for Kafka at once; more would take the threads that serve all other requests."""


class SyncRequestService:
    """Requests syncs for principals. The same key of the same person at the same client is the same request."""

    def __init__(self, bootstrap: str, codec: Codec, read_model: ReadModel, idempotency: Idempotency) -> None:
        self._bootstrap = bootstrap
        self._codec = codec
        self._read_model = read_model
        self._idempotency = idempotency
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._guard = threading.Lock()
        self._idle: list[BlockingProducer] = []
        self._under_way: dict[tuple[str, str], tuple[threading.Lock, int]] = {}

    def request_sync(self, principal: Principal, client_id: str, *, key: str | None = None) -> SyncReceipt:
        """Request a sync. With a key whose request Kafka has already, nothing is published again and the receipt is the same.

        Raises:
            SyncRefusedError: the person is no Client Admin, or the client can't be synced.
            KafkaUnavailableError: Kafka does not have it; nothing was queued.
        """
        new = str(uuid7())
        if key is None:
            return self._request(principal, client_id, new)
        own = f"{principal.person}\0{key}"
        with self._one_at_a_time(client_id, own):
            run_id = self._idempotency.run_id_for(client_id, own, new)
            if self._idempotency.confirmed(client_id, own):
                return SyncReceipt(run_id=run_id)
            receipt = self._request(principal, client_id, run_id)
            self._idempotency.confirm(client_id, own)
            return receipt

    def _request(self, principal: Principal, client_id: str, run_id: str) -> SyncReceipt:
        view = self._read_model.client(client_id)
        with self._producer() as producer:
            return request_sync(
                client_id,
                person=principal.signature,
                roles=principal.roles,
                integration=None if view is None else view.integration,
                producer=producer,
                codec=self._codec,
                run_id=run_id,
            )

    @contextmanager
    def _producer(self) -> Iterator[BlockingProducer]:
        """A producer for one request at a time: a producer that gives up withdraws all records that it was given.

        Producers are kept, since a new one takes half a second to connect. When one gives up, none is kept: the others may
        have lost their connections too, and each of them would fail one more request.

        Raises:
            KafkaUnavailableError: too many requests wait.
        """
        if not self._turns.acquire(timeout=TURN_SECONDS):
            raise KafkaUnavailableError("Too many presses wait for Kafka. Nothing was queued: try again in a moment.")
        try:
            with self._guard:
                producer = self._idle.pop() if self._idle else None
            producer = producer or BlockingProducer(self._bootstrap, seconds=KAFKA_SECONDS, settings=SOON_BACK)
            try:
                yield producer
            except KafkaUnavailableError:
                with self._guard:
                    self._idle = []
                raise
            with self._guard:
                self._idle.append(producer)
        finally:
            self._turns.release()

    @contextmanager
    def _one_at_a_time(self, client_id: str, key: str) -> Iterator[None]:
        """Hold a key: one request of a key at a time in this process. Two processes may both publish it, with the same run."""
        press_key = client_id, key
        with self._guard:
            lock, users = self._under_way.get(press_key, (threading.Lock(), 0))
            self._under_way[press_key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._under_way.pop(press_key)
                if users > 1:
                    self._under_way[press_key] = lock, users - 1
