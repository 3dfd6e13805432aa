"""Decides which dead letters are read again once the schema of their record is known. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

from messaging.topic_reader import ConsumedRecord
from schemas.message import Message
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.integration import Integration
from schemas.records.sync_run import SyncExpansion, SyncRequested
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import VendorSync
from schemas.topics import INTEGRATION, SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC, Topic
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.record_schema import named_fingerprint

KINDS: Final[Mapping[str, tuple[Topic, type[Message]]]] = {
    INTEGRATION.name: (INTEGRATION, Integration),
    VENDOR_RECORD.name: (VENDOR_RECORD, VendorRecord),
    SYNC_REQUESTED.name: (SYNC_REQUESTED, SyncRequested),
    SYNC_EXPANSION.name: (SYNC_EXPANSION, SyncExpansion),
    VENDOR_SYNC.name: (VENDOR_SYNC, VendorSync),
}
"""The topics whose records can become dead letters."""


class LetterStep(Enum):
    """What becomes of a dead letter."""

    PRODUCE = "produce"
    """Its record is produced to its topic again."""
    PRODUCED = "produced"
    """The newest record of the key is the same one: a worker produced it, and died before it could note that."""
    REPLACED = "replaced"
    """The topic holds something newer under the key: nothing follows from the letter."""
    LEAVE = "leave"
    """It stays open."""


class LateLetter(NamedTuple):
    """An open dead letter whose record could not be read."""

    id: LetterId
    content: DeadLetter


def is_late(letter: DeadLetter, known: Collection[bytes]) -> bool:
    """Whether the letter holds a whole record that was written with one of these schemas and could not be read."""
    return (
        letter.code == "undecodable"
        and not letter.cut
        and letter.key is not None
        and letter.topic in KINDS
        and named_fingerprint(letter.value) in known
    )


def decide(letter: DeadLetter, same_key: Sequence[ConsumedRecord], *, codec: Codec, now: datetime) -> LetterStep:
    """Decide on a late letter.

    Args:
        letter: the letter.
        same_key: the records of its key on its topic that are still there, from its own record on; only of compacted topics.
        codec: it knows the schema.
        now: the time.
    """
    topic, kind = KINDS[letter.topic]
    record = _read(codec, kind, letter.value)
    if record is None:
        return LetterStep.LEAVE
    if topic.retention_ms is not None:
        young = now - letter.at < timedelta(milliseconds=topic.retention_ms)
        return LetterStep.PRODUCE if young else LetterStep.LEAVE
    later = [each for each in same_key if each.offset > letter.offset]
    if not later:
        return LetterStep.PRODUCE if same_key else LetterStep.LEAVE
    return _compared(record, letter.value, later, codec)


def _compared(record: Message, value: bytes | None, later: Sequence[ConsumedRecord], codec: Codec) -> LetterStep:
    newest = later[-1]
    if newest.value is None:
        return LetterStep.REPLACED
    if newest.value == value:
        return LetterStep.PRODUCED
    if _read(codec, type(record), newest.value) is None:
        return LetterStep.LEAVE  # its own dead letter decides
    return LetterStep.PRODUCE if _exceeds(record, _readable(codec, type(record), later)) else LetterStep.REPLACED


def _exceeds(record: Message, others: Iterable[Message]) -> bool:
    """Whether the record is newer than all of these, although they came later: by what it says itself."""
    return all(_rank(record) > _rank(other) for other in others)


def _rank(record: Message) -> Any:
    match record:
        case VendorRecord(version=version):
            return version
        case Integration(updated_at=updated_at):
            return updated_at
        case _:
            return 0


def _readable(codec: Codec, kind: type[Message], records: Iterable[ConsumedRecord]) -> list[Message]:
    return [record for each in records if (record := _read(codec, kind, each.value)) is not None]


def _read(codec: Codec, kind: type[Message], value: bytes | None) -> Message | None:
    try:
        return codec.decode(kind, value)
    except UndecodableError:
        return None
