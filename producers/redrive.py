"""Says again what dead letters stand for, or puts them aside, and keeps who did it."""

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
    """A step that was taken, and where what was said lies."""

    step: Step
    put: RecordPosition


@dataclass(frozen=True, kw_only=True)
class Handler:
    """Who handles letters, when and with what note. ``letters_topic_id`` is Kafka's id of ``vive.dead-letter``."""

    person: str
    note: str
    now: datetime
    letters_topic_id: str


def read_newest(bootstrap: str, letters: Iterable[DeadLetterHistory]) -> Newest:
    """What the compacted topics hold last under these letters' keys; it reads each partition concerned from its beginning.

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
    """Say the steps again, then that their letters were redriven.

    A crash in between leaves letters open that were said again. Redriving them once more changes nothing: a vendor that
    agrees is not written, and a record that was read already is not news.

    Raises:
        KafkaUnavailableError: Kafka does not have all of it. Doing it again is safe.
    """
    puts = producer.produce_at([_record(step.again, handler, codec) for step in steps])
    redriven = tuple(Redriven(step=step, put=put) for step, put in zip(steps, puts, strict=True))
    producer.produce_at([_said(letter, handler, codec, one.put) for one in redriven for letter in one.step.letters])
    return redriven


def discard(
    letters: Sequence[DeadLetterHistory], handler: Handler, *, producer: BlockingProducer, codec: Codec
) -> None:
    """Say that nothing is to follow from these letters.

    Raises:
        KafkaUnavailableError: Kafka does not have all of it.
    """
    producer.produce_at([_said(letter, handler, codec) for letter in letters])


def _record(again: VendorKey | OutgoingRecord, handler: Handler, codec: Codec) -> OutgoingRecord:
    if isinstance(again, OutgoingRecord):
        return again
    event = VendorSync(
        client_id=again.client_id,
        vendor_id=again.vendor_id,
        lane=Lane.LIVE,
        cause=Cause.REDRIVE,
        requested_by=handler.person,
        requested_at=handler.now,
    )
    return OutgoingRecord(VENDOR_SYNC.name, again.to_bytes(), codec.encode(event, topic=VENDOR_SYNC.name))


def _said(
    letter: DeadLetterHistory, handler: Handler, codec: Codec, put: RecordPosition | None = None
) -> OutgoingRecord:
    handled = DeadLetterHandled(
        letter_id=str(letter.id),
        letter_topic_id=handler.letters_topic_id,
        action=Action.DISCARDED if put is None else Action.REDRIVEN,
        by=handler.person,
        note=handler.note,
        at=handler.now,
        topic=None if put is None else put.topic,
        partition=None if put is None else put.partition,
        offset=None if put is None else put.offset,
    )
    # Into the letter's own partition, also where it has no key: so what was done with one letter keeps its order.
    value = codec.encode(handled, topic=DEAD_LETTER_HANDLED.name)
    return OutgoingRecord(DEAD_LETTER_HANDLED.name, letter.content.key, value, letter.id.partition)
