"""Looks up the schemas of other writers on ``vive.schema``, for readers that may block."""

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from messaging.topic_offsets import Offsets
from messaging.topic_reader import TopicReader
from schemas.topics import SCHEMA
from schemas.wire.known_schemas import KnownSchemas, LearnedSchema, RefusedSchemaError

log = logging.getLogger(__name__)

SECONDS: Final = 3.0
"""How long Kafka may take to answer."""
PAUSE_SECONDS: Final = 1.0
"""The pause between two looks for single records. Records name fingerprints of their writers' choosing."""


def log_refused(partition: int, offset: int, error: RefusedSchemaError, *, so_far: int) -> None:
    """Log that a record of the topic holds no schema to read with. ``so_far``: how many were refused, this one included."""
    log.warning(
        "The schema at partition %d offset %d of %s is left out: %s (%d so far).",
        partition,
        offset,
        SCHEMA.name,
        error,
        so_far,
    )


class SchemaTopic:
    """Reads the topic when a record names an unknown schema, each time from where it ended before. Several threads may use it."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._known = KnownSchemas()
        self._offsets: Offsets = {}
        self._looked_at = float("-inf")
        self._reading = threading.Lock()

    def of(self, fingerprint: bytes) -> LearnedSchema | None:
        """The schema of a fingerprint; None: it was not on the topic when that was last read."""
        return self._known.of(fingerprint)

    def found(self, fingerprint: bytes) -> LearnedSchema | None:
        """The schema of a fingerprint; None: it is not known. The topic is read for it, at most once a second.

        Raises:
            KafkaUnavailableError: Kafka does not answer, or the topic is missing.
        """
        known = self._known.of(fingerprint)
        if known is None and time.monotonic() - self._looked_at > PAUSE_SECONDS:
            self.look_up([fingerprint])
            return self._known.of(fingerprint)
        return known

    def look_up(self, fingerprints: Iterable[bytes]) -> None:
        """Read the topic to its end, unless all of these schemas are known.

        Raises:
            KafkaUnavailableError: Kafka does not answer, or the topic is missing.
        """
        with self._reading:
            if all(map(self._known.of, fingerprints)):
                return
            with TopicReader(self._bootstrap, [SCHEMA.name], offsets=self._offsets, seconds=SECONDS) as reader:
                for record in reader.to_end():
                    try:
                        self._known.learn(record.key, record.value)
                    except RefusedSchemaError as error:
                        log_refused(record.partition, record.offset, error, so_far=self._known.refused)
                self._offsets = dict(reader.positions)
            self._looked_at = time.monotonic()
