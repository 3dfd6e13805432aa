"""Dead letters, read from the topics: their states, the actions on them, and those of the same key."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from console.topic_queries.runs import CLOCK_SLACK_MS, vendor_view
from messaging.topic_admin import admin_of, partition_count, topic_id
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.dead_letter_state import DeadLetterHistory, DeadLetterState
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import DeadLetterHandled
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_key import VendorKey
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED, VENDOR_SYNC_OUTCOME
from schemas.wire.codec import Codec, UndecodableError


@dataclass(kw_only=True)
class DeadLetterQueries:
    """All dead letters, from the records of both topics in any order. Taking a record in twice changes nothing."""

    topic_id: str
    """Kafka's id of ``vive.dead-letter``. Actions on dead letters of an earlier topic of that name are ignored."""
    contents: dict[LetterId, DeadLetter] = field(default_factory=dict)
    handled: dict[LetterId, dict[tuple[int, int], DeadLetterHandled]] = field(default_factory=lambda: defaultdict(dict))
    unreadable: set[tuple[str, int, int]] = field(default_factory=set)
    """Topic, partition and offset of records that can't be read."""

    def take(self, record: ConsumedRecord, codec: Codec) -> None:
        """Take one record of either topic in."""
        try:
            if record.topic == DEAD_LETTER.name:
                self.contents[LetterId(record.partition, record.offset)] = codec.decode(DeadLetter, record.value)
                return
            decoded = codec.decode(DeadLetterHandled, record.value)
        except UndecodableError:
            self.unreadable.add((record.topic, record.partition, record.offset))
            return
        if decoded.letter_topic_id == self.topic_id:
            self.handled[LetterId.parse(decoded.letter_id)][record.partition, record.offset] = decoded

    def get(self, letter_id: LetterId) -> DeadLetterHistory | None:
        """The dead letter of this id."""
        content = self.contents.get(letter_id)
        if content is None:
            return None
        by_place = self.handled.get(letter_id, {})
        return DeadLetterHistory(
            id=letter_id, content=content, handled=tuple(by_place[place] for place in sorted(by_place))
        )

    def oldest_first(self) -> list[DeadLetterHistory]:
        """Every dead letter."""
        in_order = sorted(self.contents, key=lambda letter_id: (self.contents[letter_id].at, letter_id))
        return [dead_letter for letter_id in in_order if (dead_letter := self.get(letter_id)) is not None]

    def of_the_same(self, dead_letter: DeadLetterHistory) -> list[DeadLetterHistory]:
        """The dead letters of records with the same key on the same topic, such as of one vendor; oldest first, itself too."""
        if dead_letter.content.key is None:
            return [dead_letter]
        same = (dead_letter.content.topic, dead_letter.content.key)
        return [other for other in self.oldest_first() if (other.content.topic, other.content.key) == same]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Conditions on dead letters; None and empty: all pass."""

    client_id: str | None = None
    vendor_id: str | None = None
    codes: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    """Up to but not at this time."""
    handled_too: bool = False

    def lets_through(self, dead_letter: DeadLetterHistory) -> bool:
        """Whether the dead letter fulfils all conditions."""
        content = dead_letter.content
        return (
            (self.handled_too or dead_letter.state is DeadLetterState.OPEN)
            and self.client_id in {None, dead_letter.client_id}
            and self.vendor_id in {None, content.vendor_id}
            and (not self.codes or content.code in self.codes)
            and (self.since is None or content.at >= self.since)
            and (self.until is None or content.at < self.until)
        )


class DeadLetterEvent(NamedTuple):
    """A dead letter was published, or (``handled``) a person redrove or discarded it."""

    at: datetime
    dead_letter: DeadLetterHistory
    handled: DeadLetterHandled | None


def history(dead_letters: list[DeadLetterHistory]) -> list[DeadLetterEvent]:
    """The history of these dead letters in the order of time; an action on a dead letter never comes before it."""
    events = []
    for dead_letter in dead_letters:
        at = dead_letter.content.at
        events.append(DeadLetterEvent(at, dead_letter, None))
        for handled in dead_letter.handled:
            at = max(at, handled.at)
            events.append(DeadLetterEvent(at, dead_letter, handled))
    return sorted(events, key=lambda event: event.at)


def read_dead_letters(
    bootstrap: str, codec: Codec, *, partition: int | None = None, since: datetime | None = None
) -> DeadLetterQueries:
    """The dead letters (of one partition, from a time on) and the actions on them. A partition that does not exist has none.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or a topic is missing.
        TopicsError: Kafka does not describe the topics.
    """
    topics = [DEAD_LETTER.name, DEAD_LETTER_HANDLED.name]
    since_ms = None if since is None else max(int(since.timestamp() * 1000) - CLOCK_SLACK_MS, 0)
    with TopicReader(bootstrap, topics, partition=partition, since_ms=since_ms) as reader:
        admin = admin_of(bootstrap)
        dead_letters = DeadLetterQueries(topic_id=topic_id(admin, DEAD_LETTER))
        if partition is None or partition < partition_count(admin, DEAD_LETTER):
            for record in reader.to_end():
                dead_letters.take(record, codec)
    return dead_letters


def last_outcome(bootstrap: str, key: VendorKey, codec: Codec) -> VendorSyncOutcome | None:
    """How the vendor's latest attempt ended; None when none has.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
        TopicsError: the topic is missing.
    """
    partitions = partition_count(admin_of(bootstrap), VENDOR_SYNC_OUTCOME)
    outcomes = vendor_view(bootstrap, key, codec, partitions=partitions).outcomes
    return next((outcome for outcome in reversed(outcomes) if outcome.status is not Status.WRITING), None)
