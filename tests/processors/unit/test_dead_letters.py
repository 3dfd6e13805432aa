import pytest

from messaging.topic_reader import ConsumedRecord
from processors.events.dead_letters import KEY_BYTES, REASON_LETTERS, VALUE_BYTES, unreadable
from schemas.records.vendor_sync import VendorSync
from schemas.topics import VENDOR_SYNC
from schemas.wire.codec import Codec, UndecodableError
from tests.support.messages import NOW


def record(key: bytes | None, value: bytes | None = b"garbage") -> ConsumedRecord:
    return ConsumedRecord(topic=VENDOR_SYNC.name, partition=4, offset=99, key=key, value=value)


@pytest.mark.parametrize("code", ["undecodable", "invalid"])
def test_a_record_that_cannot_be_read_is_kept_with_its_bytes_place_and_reason(code: str) -> None:
    letter = unreadable(record(b"acme:v1"), UndecodableError("It is garbage.", code=code), now=NOW)
    assert (letter.client_id, letter.vendor_id, letter.run_id) == ("acme", "v1", None)
    assert (letter.code, letter.reason) == (code, "It is garbage.")
    assert (letter.topic, letter.partition, letter.offset) == ("vive.vendor-sync", 4, 99)
    assert (letter.key, letter.value, letter.at) == (b"acme:v1", b"garbage", NOW)


@pytest.mark.parametrize("key", [None, b"", b"\xff\x00", b"acme", b"acme:v1:x"])
def test_a_key_that_names_no_vendor_is_kept_as_it_came(key: bytes | None) -> None:
    letter = unreadable(record(key, None), UndecodableError("It is empty."), now=NOW)
    assert (letter.client_id, letter.vendor_id) == (None, None)
    assert (letter.key, letter.value) == (key, None)


def test_a_dead_letter_of_any_bytes_can_itself_be_written_and_read() -> None:
    codec = Codec()
    with pytest.raises(UndecodableError) as caught:
        codec.decode(VendorSync, b"\xc3\x01\xff\xfe")
    letter = unreadable(record(b"\xff", b"\xc3\x01\xff\xfe"), caught.value, now=NOW)
    assert codec.decode(type(letter), codec.encode(letter, topic="vive.dead-letter")) == letter


def test_what_is_too_large_for_a_record_of_kafkas_is_cut_and_said_to_be() -> None:
    large = record(b"k" * (KEY_BYTES + 1), b"v" * (VALUE_BYTES + 1))
    letter = unreadable(large, UndecodableError("r" * 100_000), now=NOW)
    assert letter.cut
    assert (letter.key, letter.value) == (b"k" * KEY_BYTES, b"v" * VALUE_BYTES)
    assert len(letter.reason) == REASON_LETTERS
    assert not unreadable(record(b"k", b"v" * VALUE_BYTES), UndecodableError("r"), now=NOW).cut
