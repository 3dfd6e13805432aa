"""Records whose schema is not known yet are held back from the tables, and nothing else is."""

from console.read_model.projection.held_back import LOOK_SECONDS, MOST_RECORDS, SECONDS, HeldBack
from messaging.topic_reader import ConsumedRecord
from schemas.records.vendor_record import VendorRecord
from schemas.topics import DEAD_LETTER, VENDOR_RECORD, Topic
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas
from tests.support.messages import vendor_record
from tests.support.other_writer import newer, schema_record, written

NEWER = newer(VendorRecord)
LATE = written(NEWER, vendor_record().model_dump() | {"colour": "blue"})
PLAIN = Codec().encode(vendor_record(), topic="t")
PLACE = (VENDOR_RECORD.name, 0)


class Stage:
    def __init__(self) -> None:
        self.now = 0.0
        self.known = KnownSchemas()
        self.held = HeldBack(Codec(schemas=self.known), monotonic=lambda: self.now)
        self.offset = 0

    def record(self, value: bytes | None, *, key: bytes = b"acme:v1", topic: Topic = VENDOR_RECORD) -> ConsumedRecord:
        self.offset += 1
        return ConsumedRecord(topic.name, 0, self.offset, key, value)

    def store(self, offset: int) -> int:
        """What is stored once the records before this offset are projected."""
        stored = self.held.to_store({PLACE: offset})
        self.held.projected({PLACE: offset})
        return stored[PLACE]


def test_later_records_of_the_key_wait_and_others_pass() -> None:
    stage = Stage()
    before, late, behind = stage.record(PLAIN), stage.record(LATE), stage.record(None)
    other, letter = stage.record(PLAIN, key=b"acme:v2"), stage.record(LATE, topic=DEAD_LETTER)
    assert stage.held.ready([before, late, behind, other, letter]) == [before, other, letter]
    assert stage.store(other.offset + 1) == late.offset
    stage.known.learn(*schema_record(NEWER))
    newest = stage.record(PLAIN)
    assert stage.held.ready([newest]) == [late, behind, newest]
    assert stage.store(late.offset + 1) == other.offset + 1
    assert stage.store(newest.offset + 1) == newest.offset + 1


def test_a_record_is_held_for_a_minute_at_most() -> None:
    stage = Stage()
    late = stage.record(LATE)
    assert stage.held.ready([late]) == []
    stage.now = SECONDS - LOOK_SECONDS
    assert stage.held.ready([]) == []
    stage.now = SECONDS
    assert stage.held.ready([]) == [late]
    assert stage.store(late.offset + 1) == late.offset + 1


def test_what_is_stored_never_passes_what_is_not_projected_yet() -> None:
    """Of one batch that is projected in two parts, the first part stores its own end."""
    stage = Stage()
    records = [stage.record(PLAIN) for _ in range(4)]
    assert stage.held.ready(records) == records
    assert [stage.store(record.offset + 1) for record in records] == [2, 3, 4, 5]


def test_not_more_is_held_than_fits() -> None:
    stage = Stage()
    records = [stage.record(LATE, key=f"acme:{number}".encode()) for number in range(MOST_RECORDS + 1)]
    assert stage.held.ready(records) == []
    assert stage.held.ready([]) == records
