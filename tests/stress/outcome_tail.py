"""Follows the outcomes of one client as they are published."""

import threading
import time
from typing import Final

from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.topics import VENDOR_SYNC_OUTCOME
from schemas.wire.codec import Codec
from tests.support.slowness import patient

ANSWER_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 10.0


class OutcomeTail:
    """Reads ``vendor-sync-outcome`` in a thread, from now on, until it is closed."""

    def __init__(self, bootstrap: str, client_id: str, codec: Codec) -> None:
        """Begin to read.

        Raises:
            KafkaUnavailableError: Kafka does not answer.
        """
        self.worked: dict[str, int] = {}
        """Vendor id -> the highest version of its record that an outcome settles."""
        self.worked_by: dict[str, str] = {}
        """Vendor id -> the worker of its last outcome that settles something."""
        self.seen_at: list[float] = []
        """When each outcome that settles something was read, on the monotonic clock."""
        self._client_id = client_id
        self._codec = codec
        self._reader = TopicReader(
            bootstrap,
            [VENDOR_SYNC_OUTCOME.name],
            since_ms=int(time.time() * 1000),
            seconds=patient(ANSWER_SECONDS),
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outcome-tail", daemon=True)
        self._thread.start()

    @property
    def reading(self) -> bool:
        """Whether its thread still reads; an error that ended it is on standard error."""
        return self._thread.is_alive()

    def _run(self) -> None:
        with self._reader:
            while not self._closing.is_set():
                for record in self._reader.poll(0.05):
                    self._take(record)

    def _take(self, record: ConsumedRecord) -> None:
        outcome = self._codec.decode(VendorSyncOutcome, record.value)
        if outcome.client_id != self._client_id or outcome.status is Status.WRITING:
            return
        self.seen_at.append(time.monotonic())
        self.worked_by[outcome.vendor_id] = outcome.worker
        version = -1 if outcome.record_version is None else outcome.record_version
        self.worked[outcome.vendor_id] = max(version, self.worked.get(outcome.vendor_id, -1))

    def close(self) -> None:
        """End reading."""
        self._closing.set()
        self._thread.join(patient(CLOSE_SECONDS))
