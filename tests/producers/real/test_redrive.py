from datetime import UTC, datetime

import pytest

from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from messaging.topic_reader import TopicReader
from producers.redrive import Handler, discard, read_newest, redrive
from producers.redrive_plan import Newest, RedrivePlan, plan_discard, plan_redrive
from schemas.dead_letter_state import DeadLetterHistory, DeadLetterState
from schemas.records.dead_letter import LetterId
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import (
    DEAD_LETTER_HANDLED,
    INTEGRATION,
    SYNC_EXPANSION,
    SYNC_REQUESTED,
    VENDOR_RECORD,
    VENDOR_SYNC,
    Topic,
)
from tests.support.free_port import free_port
from tests.support.messages import dead_letter, handled, unread_record
from tests.support.product_topics import CODEC, messages_of, new_client, partitions_of, records_of
from tests.support.slowness import patient

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HANDLER = Handler(person="Dana", note="repaired", now=NOW, letters_topic_id="t1")
GARBAGE = b"garbage"
LAST: Newest = {(VENDOR_RECORD.name, b"acme:v1"): GARBAGE}
KEY = VendorKey("acme", "v1")


def vendors(number: int = 0, /, **fields: object) -> DeadLetterHistory:
    """A letter of a vendor that could not be synced."""
    return DeadLetterHistory(id=LetterId(0, number), content=dead_letter(**fields))


def records(number: int = 0, /, **fields: object) -> DeadLetterHistory:
    """A letter of a record that could not be read."""
    return DeadLetterHistory(id=LetterId(0, number), content=unread_record(**fields))


def done(letter: DeadLetterHistory) -> DeadLetterHistory:
    return DeadLetterHistory(id=letter.id, content=letter.content, handled=(handled(letter_id=str(letter.id)),))


def targets_of(plan: RedrivePlan) -> list[tuple[VendorKey | OutgoingRecord, list[int]]]:
    return [(step.target, [letter.id.offset for letter in step.letters]) for step in plan.steps]


def refusals(plan: RedrivePlan) -> list[tuple[int, str]]:
    return [(refusal.letter.id.offset, refusal.why) for refusal in plan.refusals]


def test_a_record_that_is_stale_is_not_put_back_and_the_person_learns_the_command() -> None:
    ((_, why),) = refusals(plan_redrive([records(0, code="stale")], LAST, replace=True))
    assert "lower than that of the record that VIVE keeps" in why
    assert "`vive-sync repair vendor acme v1`" in why


def test_letters_of_one_vendor_are_one_event() -> None:
    letters = [vendors(0), vendors(1, key=b"acme:v2"), vendors(2, code="gave_up")]
    plan = plan_redrive(letters, {})
    assert targets_of(plan) == [(KEY, [0, 2]), (VendorKey("acme", "v2"), [1])]
    assert plan.refusals == ()


def test_a_record_goes_back_as_it_came_once_for_all_letters_of_it() -> None:
    plan = plan_redrive([records(0), records(1, offset=9)], LAST)
    assert targets_of(plan) == [(OutgoingRecord(VENDOR_RECORD.name, b"acme:v1", GARBAGE), [0, 1])]


def test_a_shard_of_a_run_goes_back_into_its_partition_and_a_request_to_that_of_its_key() -> None:
    letters = [
        records(0, topic=SYNC_EXPANSION.name, partition=5, key=b"run"),
        records(1, topic=SYNC_REQUESTED.name, partition=5, key=b"acme"),
        records(2, topic=SYNC_REQUESTED.name, partition=5, key=None),
    ]
    assert [again for again, _ in targets_of(plan_redrive(letters, {}))] == [
        OutgoingRecord(SYNC_EXPANSION.name, b"run", GARBAGE, 5),
        OutgoingRecord(SYNC_REQUESTED.name, b"acme", GARBAGE),
        OutgoingRecord(SYNC_REQUESTED.name, None, GARBAGE),
    ]


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (vendors(key=b"no vendor"), "Its key names no vendor that could be synced."),
        (vendors(key=None), "Its key names no vendor that could be synced."),
        (records(value=None), "The record was empty: there is nothing to put back."),
        (records(value=b""), "The record was empty: there is nothing to put back."),
        (records(key=None), "The record had no key, and vive.vendor-record takes none without."),
        (records(code="foreign_partition"), "A worker has put the record on the partition of its key already"),
        (records(code="foreign_partition", value=None), "It was a deletion on a wrong partition: delete again"),
        (
            records(code="foreign_partition", value=None, topic=VENDOR_SYNC.name),
            "It was a deletion on a wrong partition",
        ),
        (records(topic="vive.sync-run"), "Nothing can be put back on topic vive.sync-run: no worker takes records"),
    ],
)
def test_a_letter_that_stands_for_nothing_is_refused_with_a_sentence(letter: DeadLetterHistory, why: str) -> None:
    plan = plan_redrive([letter, vendors(1)], LAST, again=True, replace=True)
    assert targets_of(plan) == [(KEY, [1])]
    ((offset, reason),) = refusals(plan)
    assert offset == 0
    assert reason.startswith(why)


def test_a_record_that_was_cut_is_not_put_back() -> None:
    ((_, why),) = refusals(plan_redrive([records(cut=True)], LAST, replace=True))
    assert "too large to be kept whole" in why


@pytest.mark.parametrize("holds", [[b"newer"], [None], []], ids=["newer", "tombstone", "nothing"])
@pytest.mark.parametrize("topic", [INTEGRATION, VENDOR_RECORD, VENDOR_SYNC], ids=lambda topic: topic.name)
def test_an_old_record_does_not_take_the_place_of_what_a_compacted_topic_holds_now(
    topic: Topic, holds: list[bytes | None]
) -> None:
    name = topic.name
    newest: Newest = dict.fromkeys([(name, b"acme:v1")], holds[0]) if holds else {}
    letter = records(topic=name)
    ((_, why),) = refusals(plan_redrive([letter], newest))
    assert why.startswith(f"It is not what {name} holds last under its key")
    assert targets_of(plan_redrive([letter], newest, replace=True)) == [
        (OutgoingRecord(name, b"acme:v1", GARBAGE), [0])
    ]


def test_a_handled_letter_is_redriven_only_with_again() -> None:
    plan = plan_redrive([done(vendors(0)), vendors(1)], {})
    assert targets_of(plan) == [(KEY, [1])]
    assert refusals(plan) == [
        (0, "It was discarded by Dana on 2026-03-01 12:00 UTC already. Say --again to redrive it all the same.")
    ]
    assert targets_of(plan_redrive([done(vendors(0)), vendors(1)], {}, again=True)) == [(KEY, [0, 1])]


def test_only_open_letters_are_discarded() -> None:
    to_discard, left = plan_discard([done(vendors(0)), vendors(1), records(2)])
    assert [letter.id.offset for letter in to_discard] == [1, 2]
    assert [(one.letter.id.offset, one.why) for one in left] == [
        (0, "It was discarded by Dana on 2026-03-01 12:00 UTC already.")
    ]


def test_a_redriven_vendor_is_an_event_in_lane_live_and_its_letters_are_marked(bootstrap: str) -> None:
    client = new_client()
    key = f"{client}:v1"
    letters = [vendors(offset, key=key.encode()) for offset in (3, 4)]
    plan = plan_redrive(letters, {})
    (one,) = redrive(plan.steps, HANDLER, producer=BlockingProducer(bootstrap, seconds=patient(30)), codec=CODEC)
    (record,) = records_of(bootstrap, VENDOR_SYNC, key)
    assert (record.topic, record.partition, record.offset) == one.position
    event = CODEC.decode(VendorSync, record.value)
    assert (event.key, event.lane, event.cause) == (VendorKey(client, "v1"), Lane.LIVE, Cause.REDRIVE)
    assert (event.requested_by, event.requested_at, event.run_id) == ("Dana", NOW, None)
    marks = messages_of(bootstrap, DEAD_LETTER_HANDLED, DeadLetterHandled, key)
    assert marks == [
        DeadLetterHandled(
            letter_id=f"0-{offset}",
            letter_topic_id="t1",
            action=Action.REDRIVEN,
            by="Dana",
            note="repaired",
            at=NOW,
            topic=VENDOR_SYNC.name,
            partition=record.partition,
            offset=record.offset,
        )
        for offset in (3, 4)
    ]
    assert {record.partition for record in records_of(bootstrap, DEAD_LETTER_HANDLED, key)} == {0}


def test_a_redriven_record_is_its_bytes_once_more(bootstrap: str) -> None:
    run = new_client()
    last = partitions_of(bootstrap, SYNC_EXPANSION) - 1
    letter = records(topic=SYNC_EXPANSION.name, partition=last, key=run.encode())
    redrive(
        plan_redrive([letter], {}).steps,
        HANDLER,
        producer=BlockingProducer(bootstrap, seconds=patient(30)),
        codec=CODEC,
    )
    (record,) = records_of(bootstrap, SYNC_EXPANSION, run)
    assert (record.partition, record.key, record.value) == (last, run.encode(), GARBAGE)


def test_a_letter_without_a_key_is_marked_too(bootstrap: str) -> None:
    letter = DeadLetterHistory(id=LetterId(1, 10**12), content=unread_record(key=None))
    discard([letter], HANDLER, producer=BlockingProducer(bootstrap, seconds=patient(30)), codec=CODEC)
    with TopicReader(bootstrap, [DEAD_LETTER_HANDLED.name], partition=1, seconds=patient(30)) as reader:
        marks = [CODEC.decode(DeadLetterHandled, record.value) for record in reader.to_end() if record.key is None]
    (mark,) = [mark for mark in marks if mark.letter_id == str(letter.id)]
    assert (mark.action, mark.topic, mark.offset) == (Action.DISCARDED, None, None)
    assert DeadLetterHistory(id=letter.id, content=letter.content, handled=(mark,)).state is DeadLetterState.DISCARDED


def test_the_newest_value_of_a_key_is_read_where_its_key_belongs(bootstrap: str) -> None:
    client, producer = new_client(), BlockingProducer(bootstrap, seconds=patient(30))
    keys = [f"{client}:v{number}".encode() for number in range(4)]
    producer.produce_at(
        [OutgoingRecord(VENDOR_RECORD.name, key, value) for value in (b"old", b"new") for key in keys[:2]]
    )
    producer.produce_at(
        [OutgoingRecord(VENDOR_RECORD.name, keys[2], b"old"), OutgoingRecord(VENDOR_RECORD.name, keys[2], None)]
    )
    letters = [records(number, key=key) for number, key in enumerate(keys)]
    elsewhere = [records(topic=SYNC_REQUESTED.name), records(topic="vive.unheard-of"), vendors()]
    assert read_newest(bootstrap, [*letters, *elsewhere]) == {
        (VENDOR_RECORD.name, keys[0]): b"new",
        (VENDOR_RECORD.name, keys[1]): b"new",
        (VENDOR_RECORD.name, keys[2]): None,
    }


def test_a_partition_that_does_not_exist_is_reported(bootstrap: str) -> None:
    there = partitions_of(bootstrap, SYNC_EXPANSION)
    with pytest.raises(KafkaUnavailableError, match="partition"):
        BlockingProducer(bootstrap, seconds=patient(10)).produce_at(
            [OutgoingRecord(SYNC_EXPANSION.name, b"run", GARBAGE, there)]
        )


def test_an_unavailable_kafka_is_reported_and_no_letter_is_marked() -> None:
    producer = BlockingProducer(f"127.0.0.1:{free_port()}", seconds=1.0)
    with pytest.raises(KafkaUnavailableError, match="did not take any of the records within 1 seconds"):
        redrive(plan_redrive([vendors()], {}).steps, HANDLER, producer=producer, codec=CODEC)


def test_nothing_to_redrive_needs_no_kafka() -> None:
    producer = BlockingProducer(f"127.0.0.1:{free_port()}", seconds=1.0)
    assert redrive((), HANDLER, producer=producer, codec=CODEC) == ()
