"""Which dead letters are read again once the schema of their record is known."""

from datetime import timedelta
from typing import Any

import pytest

from messaging.topic_reader import ConsumedRecord
from processors.known_schemas.late_letters import LetterStep, decide, is_late
from schemas.message import Message
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import Integration
from schemas.records.sync_run import SyncRequested
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import INTEGRATION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC, VENDOR_SYNC_OUTCOME, Topic
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas
from schemas.wire.record_schema import Schema, fingerprint_of
from tests.support.messages import NOW, integration, vendor_record
from tests.support.other_writer import newer, schema_record, written

NEWER: dict[type[Message], Schema] = {
    kind: newer(kind) for kind in (VendorRecord, Integration, SyncRequested, VendorSync)
}
FINGERPRINTS = frozenset(fingerprint_of(schema) for schema in NEWER.values())
OFFSET = 5
EVENT = VendorSync(
    client_id="acme", vendor_id="v1", lane="live", cause=Cause.VENDOR_CHANGED, requested_by="VIVE", requested_at=NOW
)


def codec() -> Codec:
    known = KnownSchemas()
    for schema in NEWER.values():
        known.learn(*schema_record(schema))
    return Codec(schemas=known)


def late(message: Message) -> bytes:
    return written(NEWER[type(message)], message.model_dump() | {"colour": "blue"})


def letter(topic: Topic, value: bytes | None, **fields: Any) -> DeadLetter:
    given: dict[str, Any] = {"code": "undecodable", "key": b"acme:v1", "at": NOW, "partition": 1, "offset": OFFSET}
    return DeadLetter(topic=topic.name, value=value, reason="It is newer.", **(given | fields))


def on_topic(*values: bytes | None, topic: Topic = VENDOR_RECORD) -> list[ConsumedRecord]:
    """The letter's own record and those after it."""
    return [ConsumedRecord(topic.name, 1, OFFSET + number, b"acme:v1", value) for number, value in enumerate(values)]


def plain(message: Message) -> bytes:
    return Codec().encode(message, topic="t")


RECORD = late(vendor_record(version=2))


@pytest.mark.parametrize(
    ("same_key", "step"),
    [
        (on_topic(RECORD), LetterStep.PRODUCE),
        ([], LetterStep.LEAVE),
        (on_topic(RECORD, None), LetterStep.REPLACED),
        (on_topic(RECORD, plain(vendor_record(version=3))), LetterStep.REPLACED),
        (on_topic(RECORD, plain(vendor_record(version=2))), LetterStep.REPLACED),
        (on_topic(RECORD, plain(vendor_record(version=1))), LetterStep.PRODUCE),
        (on_topic(RECORD, plain(vendor_record(version=3)), plain(vendor_record(version=1))), LetterStep.REPLACED),
        (on_topic(RECORD, b"garbage"), LetterStep.LEAVE),
        (on_topic(RECORD, b"garbage", plain(vendor_record(version=1))), LetterStep.PRODUCE),
        (on_topic(RECORD, plain(vendor_record(version=1)), RECORD), LetterStep.PRODUCED),
        (on_topic(RECORD, plain(vendor_record(version=3)))[1:], LetterStep.REPLACED),
    ],
    ids=[
        "it is the newest",
        "it is gone",
        "a tombstone after it",
        "a higher version after it",
        "the same version after it",
        "a lower version after it",
        "a higher and a lower version after it",
        "something unreadable after it",
        "something unreadable and a lower version after it",
        "produced already",
        "compacted away by a higher version",
    ],
)
def test_what_becomes_of_a_letter(same_key: list[ConsumedRecord], step: LetterStep) -> None:
    assert decide(letter(VENDOR_RECORD, RECORD), same_key, codec=codec(), now=NOW) is step


def test_of_integrations_the_one_that_was_updated_later_counts() -> None:
    value = late(integration(updated_at=NOW))
    for minutes, step in ((1, LetterStep.REPLACED), (-1, LetterStep.PRODUCE)):
        other = plain(integration(updated_at=NOW + timedelta(minutes=minutes)))
        same_key = on_topic(value, other, topic=INTEGRATION)
        assert decide(letter(INTEGRATION, value), same_key, codec=codec(), now=NOW) is step


def test_an_event_is_replaced_by_any_later_one() -> None:
    value = late(EVENT)
    assert decide(letter(VENDOR_SYNC, value), on_topic(value), codec=codec(), now=NOW) is LetterStep.PRODUCE
    same_key = on_topic(value, plain(EVENT))
    assert decide(letter(VENDOR_SYNC, value), same_key, codec=codec(), now=NOW) is LetterStep.REPLACED


def test_a_request_is_read_again_as_long_as_its_topic_keeps_requests() -> None:
    request = SyncRequested(run_id="r", client_id="acme", requested_by="Dana", cause="sync_all", requested_at=NOW)
    one = letter(SYNC_REQUESTED, late(request))
    assert SYNC_REQUESTED.retention_ms is not None
    kept = timedelta(milliseconds=SYNC_REQUESTED.retention_ms)
    assert decide(one, [], codec=codec(), now=NOW + kept / 2) is LetterStep.PRODUCE
    assert decide(one, [], codec=codec(), now=NOW + kept) is LetterStep.LEAVE


def test_a_record_that_can_still_not_be_read_stays_a_letter() -> None:
    value = RECORD[:-1]
    assert decide(letter(VENDOR_RECORD, value), on_topic(value), codec=codec(), now=NOW) is LetterStep.LEAVE


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        (VENDOR_RECORD, {"code": "invalid"}),
        (VENDOR_RECORD, {"cut": True}),
        (VENDOR_RECORD, {"key": None}),
        (VENDOR_SYNC_OUTCOME, {}),
    ],
)
def test_other_letters_are_left_to_people(topic: Topic, fields: dict[str, Any]) -> None:
    assert is_late(letter(VENDOR_RECORD, RECORD), FINGERPRINTS)
    assert not is_late(letter(topic, RECORD, **fields), FINGERPRINTS)
    assert not is_late(letter(VENDOR_RECORD, RECORD), frozenset())
    assert not is_late(letter(VENDOR_RECORD, None), FINGERPRINTS)
