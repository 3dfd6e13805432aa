"""Redrives and discards dead letters, and publishes who did it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging.producer import BlockingProducer, OutgoingRecord, RecordPosition
from messaging.topic_admin import admin_of, partition_count
from messaging.topic_reader import TopicReader
from producers.redrive_plan import READ_BY_WORKERS, Newest, Step
from schemas.dead_letter_state import DeadLetterHistory
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import DEAD_LETTER_HANDLED, VENDOR_SYNC, Topic
from schemas.wire.codec import Codec
from schemas.wire.partitioning import partition_of


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """A step that was taken, and the position of the record that it produced."""

    step: Step
    position: RecordPosition


@dataclass(frozen=True, kw_only=True)
class Handler:
    """The person who handles letters, with a note. ``letters_topic_id`` is Kafka's id of ``vive.dead-letter``."""

    person: str
    note: str
    now: datetime
    letters_topic_id: str


def read_newest(bootstrap: str, letters: Iterable[DeadLetterHistory]) -> Newest:
    """The newest values of these letters' keys on compacted topics. It reads each affected partition from its beginning.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
        TopicsError: a topic is missing.
    """
    wanted: dict[Topic, set[bytes]] = defaultdict(set)
    for letter in letters:
        topic = READ_BY_WORKERS.get(letter.content.topic)
        if topic is not None and topic.compacted and letter.content.value and letter.content.key:
            wanted[topic].add(letter.content.key)
    newest: dict[tuple[str, bytes], bytes | None] = {}
    for topic, keys in wanted.items():
        count = partition_count(admin_of(bootstrap), topic)
        for partition in {partition_of(key, count) for key in keys}:
            with TopicReader(bootstrap, [topic.name], partition=partition) as reader:
                newest |= {(topic.name, record.key): record.value for record in reader.to_end() if record.key in keys}
    return newest


def redrive(
    steps: Sequence[Step], handler: Handler, *, producer: BlockingProducer, codec: Codec
) -> tuple[Redriven, ...]:
    """Produce the targets of the steps, then a record for each letter that it was redriven.

    A crash in between leaves letters open whose targets were produced. Redriving them again is safe: a vendor that agrees
    is not written, and a worker ignores a record that it has read before.

    Raises:
        KafkaUnavailableError: the brokers do not have all of it. Repeating the call is safe.
    """
    positions = producer.produce_at([_record(step.target, handler, codec) for step in steps])
    redriven = tuple(Redriven(step=step, position=position) for step, position in zip(steps, positions, strict=True))
    producer.produce_at(
        [_handled(letter, handler, codec, one.position) for one in redriven for letter in one.step.letters]
    )
    return redriven


def discard(
    letters: Sequence[DeadLetterHistory], handler: Handler, *, producer: BlockingProducer, codec: Codec
) -> None:
    """Produce a record for each of these letters that nothing follows from it.

    Raises:
        KafkaUnavailableError: the brokers do not have all of it.
    """
    producer.produce_at([_handled(letter, handler, codec) for letter in letters])


def _record(target: VendorKey | OutgoingRecord, handler: Handler, codec: Codec) -> OutgoingRecord:
    if isinstance(target, OutgoingRecord):
        return target
    event = VendorSync(
        client_id=target.client_id,
        vendor_id=target.vendor_id,
        lane=Lane.LIVE,
        cause=Cause.REDRIVE,
        requested_by=handler.person,
        requested_at=handler.now,
    )
    return OutgoingRecord(VENDOR_SYNC.name, target.to_bytes(), codec.encode(event, topic=VENDOR_SYNC.name))


def _handled(
    letter: DeadLetterHistory, handler: Handler, codec: Codec, position: RecordPosition | None = None
) -> OutgoingRecord:
    handled = DeadLetterHandled(
        letter_id=str(letter.id),
        letter_topic_id=handler.letters_topic_id,
        action=Action.DISCARDED if position is None else Action.REDRIVEN,
        by=handler.person,
        note=handler.note,
        at=handler.now,
        topic=None if position is None else position.topic,
        partition=None if position is None else position.partition,
        offset=None if position is None else position.offset,
    )
    # Into the partition of the letter, also where it has no key: so the records about one letter keep their order.
    value = codec.encode(handled, topic=DEAD_LETTER_HANDLED.name)
    return OutgoingRecord(DEAD_LETTER_HANDLED.name, letter.content.key, value, letter.id.partition)
