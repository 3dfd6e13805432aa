"""Publishes the processor's records on their topics."""

import asyncio
from typing import Any

from messaging.producer import OutgoingRecord
from processors.events.async_producer import AsyncProducer, DeliveryReport
from schemas.records.dead_letter import DeadLetter
from schemas.records.dead_letter_handled import DeadLetterHandled
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.sync_run import SyncExpansion, SyncRun
from schemas.records.vendor_sync import VendorSync
from schemas.topics import (
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    SCHEMA,
    SYNC_EXPANSION,
    SYNC_RUN,
    VENDOR_SYNC,
    VENDOR_SYNC_OUTCOME,
)
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import key_of
from schemas.wire.partitioning import FORWARDED_HEADER

DeliveryFuture = asyncio.Future[DeliveryReport]


class EventPublisher:
    """Each method returns at once; its future ends when the brokers have the record."""

    def __init__(self, *, producer: AsyncProducer, codec: Codec) -> None:
        self._producer = producer
        self._codec = codec

    def sync_run(self, run: SyncRun) -> DeliveryFuture:
        """Publish a part of a run."""
        return self._producer.send(
            SYNC_RUN.name, key=run.run_id.encode(), value=self._codec.encode(run, topic=SYNC_RUN.name)
        )

    def sync_expansion(self, expansion: SyncExpansion) -> DeliveryFuture:
        """Publish the expansion of one partition of a run, into that partition."""
        value = self._codec.encode(expansion, topic=SYNC_EXPANSION.name)
        return self._producer.send(
            SYNC_EXPANSION.name, key=expansion.run_id.encode(), value=value, partition=expansion.partition
        )

    def vendor_sync(self, event: VendorSync, *, partition: int) -> DeliveryFuture:
        """Publish the event that a vendor is to be synced; ``partition`` is the vendor's own."""
        value = self._codec.encode(event, topic=VENDOR_SYNC.name)
        return self._producer.send(VENDOR_SYNC.name, key=event.key.to_bytes(), value=value, partition=partition)

    def outcome(self, outcome: VendorSyncOutcome, *, partition: int) -> DeliveryFuture:
        """Publish the outcome of an attempt; ``partition`` is the vendor's own."""
        value = self._codec.encode(outcome, topic=VENDOR_SYNC_OUTCOME.name)
        return self._producer.send(
            VENDOR_SYNC_OUTCOME.name, key=outcome.key.to_bytes(), value=value, partition=partition
        )

    def forward(self, message: Any, *, partition: int) -> DeliveryFuture:
        """Publish a record unchanged on another partition of its topic, with the header that says where it was."""
        headers = {**dict(message.headers or ()), FORWARDED_HEADER: str(message.partition)}
        return self._producer.send(
            message.topic, key=message.key, value=message.value, partition=partition, headers=headers
        )

    def schema(self, fingerprint: bytes, published_form: bytes) -> DeliveryFuture:
        """Publish a schema that records are written with."""
        return self._producer.send(SCHEMA.name, key=key_of(fingerprint), value=published_form)

    def put_back(self, record: OutgoingRecord) -> DeliveryFuture:
        """Produce a record again that could not be read before."""
        return self._producer.send(record.topic, key=record.key, value=record.value, partition=record.partition)

    def dead_letter_handled(self, handled: DeadLetterHandled, *, key: bytes | None, partition: int) -> DeliveryFuture:
        """Publish what became of a dead letter; ``key`` and ``partition`` are the letter's own."""
        value = self._codec.encode(handled, topic=DEAD_LETTER_HANDLED.name)
        return self._producer.send(DEAD_LETTER_HANDLED.name, key=key, value=value, partition=partition)

    def dead_letter(self, letter: DeadLetter) -> DeliveryFuture:
        """Publish a dead letter."""
        return self._producer.send(
            DEAD_LETTER.name, key=letter.key, value=self._codec.encode(letter, topic=DEAD_LETTER.name)
        )
