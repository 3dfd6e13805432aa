"""Records of other services whose schema is not known yet, held back from the tables for a while."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from messaging.topic_offsets import Offsets
from messaging.topic_reader import ConsumedRecord
from schemas.topics import INTEGRATION, VENDOR_RECORD
from schemas.wire.codec import Codec

LATE: Final = frozenset({INTEGRATION.name, VENDOR_RECORD.name})
"""Their records come from other services. They may be projected twice, since the newest of a key counts."""
SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
MAX_OFFSET: Final = 2**63 - 1
MOST_RECORDS: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024


class _HeldBackRecord(NamedTuple):
    record: ConsumedRecord
    until: float


class HeldBack:
    """Holds a record until its schema is known, for at most a minute, and later ones of its key behind it; others pass.

    The offsets that are stored stay before what is held: another projector reads it again.
    """

    def __init__(self, codec: Codec, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._codec = codec
        self._monotonic = monotonic
        self._keys: dict[tuple[str, int, bytes | None], deque[_HeldBackRecord]] = {}
        self._looked_at = float("-inf")
        self._projected: Offsets = {}

    def ready(self, records: Sequence[ConsumedRecord]) -> list[ConsumedRecord]:
        """These records without those that are held from now on, after those that need to be held no more.

        Raises:
            KafkaUnavailableError: a schema could not be looked up.
        """
        self._look_up(records)
        found = list(self._released())
        for record in records:
            key = (record.topic, record.partition, record.key)
            if record.topic in LATE and (key in self._keys or self._codec.unknown_schema(record.value) is not None):
                self._keys.setdefault(key, deque()).append(_HeldBackRecord(record, self._monotonic() + SECONDS))
            else:
                found.append(record)
        return found

    def to_store(self, next_offsets: Offsets) -> Offsets:
        """Where reading has to begin again, in these partitions, once their records before these offsets are projected."""
        first = self._first()
        return {
            place: min(max(offset, self._projected.get(place, 0)), first.get(place, MAX_OFFSET))
            for place, offset in next_offsets.items()
        }

    def projected(self, next_offsets: Offsets) -> None:
        """Records before these offsets are projected."""
        for place, offset in next_offsets.items():
            self._projected[place] = max(offset, self._projected.get(place, 0))

    def _first(self) -> Offsets:
        first: Offsets = {}
        for (topic, partition, _), held in self._keys.items():
            offset = held[0].record.offset
            first[topic, partition] = min(offset, first.get((topic, partition), offset))
        return first

    def _look_up(self, records: Iterable[ConsumedRecord]) -> None:
        values = [record.value for record in records]
        if self._keys and self._monotonic() - self._looked_at > LOOK_SECONDS:
            values += [held[0].record.value for held in self._keys.values()]
            self._looked_at = self._monotonic()
        self._codec.look_up(values)

    def _released(self) -> Iterable[ConsumedRecord]:
        now = self._monotonic() if self._fits() else float("inf")
        for key, held in list(self._keys.items()):
            while held and (held[0].until <= now or self._codec.unknown_schema(held[0].record.value) is None):
                yield held.popleft().record
            if not held:
                del self._keys[key]

    def _fits(self) -> bool:
        sizes = [len(one.record.value or b"") for held in self._keys.values() for one in held]
        return len(sizes) <= MOST_RECORDS and sum(sizes) <= MOST_BYTES
