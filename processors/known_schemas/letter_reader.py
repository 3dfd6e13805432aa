"""Reads the late dead letters of a partition, and what their topics hold under the same keys. It blocks."""

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from messaging.topic_admin import admin_of, topic_id
from messaging.topic_reader import ConsumedRecord, TopicReader
from processors.known_schemas.late_letters import KINDS, LateLetter, is_late
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import DeadLetterHandled
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED
from schemas.wire.codec import Codec, UndecodableError

SameKey = dict[tuple[str, bytes | None], list[ConsumedRecord]]
"""Records by topic and key, in their order."""


@dataclass(frozen=True, kw_only=True)
class LateLetters:
    """The late letters of a partition, oldest first. ``topic_id`` is Kafka's id of ``vive.dead-letter``."""

    letters: tuple[LateLetter, ...]
    topic_id: str
    same_key: SameKey = field(default_factory=dict)


def read_late_letters(
    bootstrap: str, partition: int, *, codec: Codec, known: Collection[bytes], since_ms: int | None
) -> LateLetters:
    """The open letters of this time (Unix, milliseconds) or later whose records were written with a schema of ``known``.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or a topic is missing.
        TopicsError: Kafka does not describe the topics.
    """
    letters: dict[LetterId, DeadLetter] = {}
    handled: set[LetterId] = set()
    life = topic_id(admin_of(bootstrap), DEAD_LETTER)
    topics = [DEAD_LETTER.name, DEAD_LETTER_HANDLED.name]
    with TopicReader(bootstrap, topics, partition=partition, since_ms=since_ms) as reader:
        for record in reader.to_end():
            with suppress(UndecodableError):
                if record.topic == DEAD_LETTER.name:
                    letter = codec.decode(DeadLetter, record.value)
                    if is_late(letter, known) and letter.partition == partition:
                        letters[LetterId(record.partition, record.offset)] = letter
                elif (done := codec.decode(DeadLetterHandled, record.value)).letter_topic_id == life:
                    handled.add(LetterId.parse(done.letter_id))
    late = tuple(LateLetter(each, letters[each]) for each in sorted(letters.keys() - handled))
    return LateLetters(letters=late, topic_id=life, same_key=_same_key(bootstrap, late))


def _same_key(bootstrap: str, letters: Collection[LateLetter]) -> SameKey:
    """The records of the letters' keys on compacted topics, from each letter's own record on."""
    first: dict[tuple[str, bytes | None], int] = {}
    starts: dict[tuple[str, int], int] = {}
    for _, content in letters:
        if KINDS[content.topic][0].compacted:
            key, place = (content.topic, content.key), (content.topic, content.partition)
            first[key] = min(content.offset, first.get(key, content.offset))
            starts[place] = min(content.offset, starts.get(place, content.offset))
    found: SameKey = defaultdict(list)
    for (topic, partition), offset in starts.items():
        with TopicReader(bootstrap, [topic], partition=partition, offsets={(topic, partition): offset}) as reader:
            for record in reader.to_end():
                if record.offset >= first.get((topic, record.key), record.offset + 1):
                    found[topic, record.key].append(record)
    return found
