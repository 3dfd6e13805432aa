"""Decoded records of the topics, ready to be folded into the tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

from messaging.topic_reader import ConsumedRecord
from schemas.client_integrations import read_copy
from schemas.integration_copies import IntegrationCopy
from schemas.kept_record import accepts_version
from schemas.records.dead_letter import DeadLetter
from schemas.records.dead_letter_handled import DeadLetterHandled
from schemas.records.integration import UnreadableIntegration
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.sync_run import SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import VendorSync
from schemas.topics import (
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    INTEGRATION,
    SYNC_RUN,
    VENDOR_RECORD,
    VENDOR_SYNC,
    VENDOR_SYNC_OUTCOME,
)
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.partitioning import is_foreign, is_forwarded

TOPICS: Final = (
    INTEGRATION,
    VENDOR_RECORD,
    VENDOR_SYNC,
    VENDOR_SYNC_OUTCOME,
    SYNC_RUN,
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
)
"""The topics that are projected."""
ROW_TOPICS: Final = frozenset({INTEGRATION.name, VENDOR_RECORD.name})
"""Those whose tombstones delete clients and vendors."""

FORWARDED: Final = frozenset({VENDOR_RECORD.name, VENDOR_SYNC.name})
"""Topics whose records on foreign partitions are forwarded."""

T = TypeVar("T")


class Placed(NamedTuple, Generic[T]):
    """The content of a record, and its position."""

    partition: int
    offset: int
    content: T


class Unreadable(NamedTuple):
    """A record that can't be read and is ignored, and the reason."""

    record: ConsumedRecord
    reason: str


class VendorFact(NamedTuple):
    """A vendor's record; None is a tombstone, or a record that can't be read (``readable`` is False then)."""

    key: VendorKey
    record: VendorRecord | None
    readable: bool = True
    accepted: bool = False
    """Whether a person has put the record in force, whatever its version."""
    forwarded: bool = False
    """Whether a worker has forwarded the record from a foreign partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The contents of records, each kind in the order of its records."""

    integrations: list[IntegrationCopy] = field(default_factory=list)
    records: list[VendorFact] = field(default_factory=list)
    events: dict[VendorKey, int] = field(default_factory=dict)
    """By vendor, the last ``vendor-sync`` event's offset."""
    outcomes: list[Placed[VendorSyncOutcome]] = field(default_factory=list)
    parts: list[Placed[SyncRun]] = field(default_factory=list)
    dead_letters: list[Placed[DeadLetter]] = field(default_factory=list)
    handled: list[Placed[DeadLetterHandled]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    next_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    """By topic and partition, the offset behind the last record."""


def facts_of(records: Iterable[ConsumedRecord], codec: Codec, *, partitions: int) -> Facts:
    """The contents of these records. Unreadable records are listed apart: the worker makes dead letters of them.

    A record on a foreign partition is left out where a worker forwards it. ``partitions`` is the number of partitions of each
    topic.
    """
    facts = Facts()
    for record in records:
        try:
            if record.topic not in FORWARDED or not is_foreign(record.key, record.partition, partitions):
                _take(facts, record, codec, partitions)
        except UndecodableError as error:
            facts.unreadable.append(Unreadable(record, error.reason))
        facts.next_offsets[record.topic, record.partition] = record.offset + 1
    return facts


def _take(facts: Facts, record: ConsumedRecord, codec: Codec, partitions: int) -> None:
    match record.topic:
        case VENDOR_SYNC_OUTCOME.name:
            facts.outcomes.append(_placed(record, codec.decode(VendorSyncOutcome, record.value)))
        case VENDOR_SYNC.name:
            facts.events[codec.decode(VendorSync, record.value).key] = record.offset
        case VENDOR_RECORD.name:
            _take_vendor(facts, record, codec)
        case SYNC_RUN.name:
            facts.parts.append(_placed(record, codec.decode(SyncRun, record.value)))
        case INTEGRATION.name:
            copy = read_copy(record, codec, partitions=partitions)
            facts.integrations.append(copy)
            if isinstance(copy.content, UnreadableIntegration):
                facts.unreadable.append(Unreadable(record, copy.content.reason))
        case DEAD_LETTER.name:
            facts.dead_letters.append(_placed(record, codec.decode(DeadLetter, record.value)))
        case DEAD_LETTER_HANDLED.name:
            facts.handled.append(_placed(record, codec.decode(DeadLetterHandled, record.value)))


def _placed(record: ConsumedRecord, content: T) -> Placed[T]:
    return Placed(record.partition, record.offset, content)


def _take_vendor(facts: Facts, record: ConsumedRecord, codec: Codec) -> None:
    try:
        key = VendorKey.from_bytes(record.key)
    except ValueError as error:
        raise UndecodableError(str(error)) from None
    if record.value is None:
        facts.records.append(VendorFact(key, None))
        return
    try:
        content = codec.decode_keyed(VendorRecord, record.key, record.value)
    except UndecodableError:
        facts.records.append(VendorFact(key, None, readable=False))
        raise
    accepted, forwarded = accepts_version(record.headers), is_forwarded(record.headers)
    facts.records.append(VendorFact(key, content, accepted=accepted, forwarded=forwarded))
