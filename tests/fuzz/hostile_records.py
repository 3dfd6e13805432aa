"""Records as an enemy would write them on the topics that a worker reads, and which of them must become dead letters."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from confluent_kafka import Message as Delivered
from confluent_kafka import Producer

from schemas.message import Message
from schemas.records.integration import Integration
from schemas.records.sync_run import SyncExpansion, SyncRequested
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import VendorSync
from schemas.topics import ALL, INTEGRATION, SYNC_EXPANSION, SYNC_REQUESTED, VENDOR_RECORD, VENDOR_SYNC
from schemas.wire.codec import Codec, UndecodableError
from tests.fuzz.hostile_avro import fixture, forged, stuffed
from tests.support.slowness import patient

KINDS: Final[dict[str, type[Message]]] = {
    INTEGRATION.name: Integration,
    VENDOR_RECORD.name: VendorRecord,
    SYNC_REQUESTED.name: SyncRequested,
    SYNC_EXPANSION.name: SyncExpansion,
    VENDOR_SYNC.name: VendorSync,
}
"""The topics that a worker reads, and what is on them."""
LARGE: Final = 999_900
"""Bytes; a broker takes little more than a megabyte, and librdkafka's producers a million."""
ENEMY: Final = "enemy"
"""The client about whose vendors hostile records are."""
_HOW: Final = ["garbage", "damaged", "damaged", "forged", "forged", "empty", "tombstone", "other kind", "valid"]
_CODEC: Final = Codec()
_COMPACTED: Final = {topic.name for topic in ALL if topic.compacted}
_NO_KEYS: Final = [b"", b"\xff\xfe", b"nobody", b":", b"a:b:c", b"enemy:\x00", b"enemy:" + b"v" * 5000, b"other:v1"]


class Written(NamedTuple):
    """A record; ``partition`` and ``offset`` once the broker has it."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int = -1
    offset: int = -1


def hostile(random: Random, topic: str, *, count: int) -> Iterator[Written]:
    """So many records for this topic: garbage, valid ones that were damaged, empty ones, tombstones, under all sorts of keys."""
    # The broker itself takes no record without a key on a compacted topic.
    others = _NO_KEYS if topic in _COMPACTED else [None, *_NO_KEYS]
    wrong = [data for _, data in forged(_message(topic, 0), _valid(topic, 0)[1][:10])]
    for number in range(count):
        key, value = _valid(topic, number)
        match random.choice(_HOW):
            case "forged":
                value = random.choice(wrong)
            case "garbage":
                value = random.choice([b"", value[:10], b"\x00", b"\x00\x00\x00\x00\x07"]) + random.randbytes(
                    random.randrange(60)
                )
            case "damaged":
                value = _damaged(random, value)
            case "empty":
                value = b""
            case "tombstone":
                yield Written(topic, random.choice([key] * len(others) + others), None)
                continue
            case "other kind":
                value = _valid(random.choice(list(KINDS)), number)[1]
            case _:
                pass
        yield Written(topic, random.choice([key] * len(others) + others), value)


def _message(topic: str, number: int) -> Message:
    changes = {"client_id": ENEMY}
    if topic == INTEGRATION.name:
        changes = {"client_id": f"{ENEMY}-{number % 7}", "mode": "one_way"}
    kind = KINDS[topic]
    return kind.model_validate(fixture(kind).model_dump() | changes)


def _valid(topic: str, number: int) -> tuple[bytes, bytes]:
    """Key and value of a good record of a client that only an enemy writes about."""
    message: Any = _message(topic, number)
    key = str(message.key) if isinstance(message, VendorRecord | VendorSync) else str(message.client_id)
    return key.encode(), _CODEC.encode(message, topic=topic)


def _damaged(random: Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.choice(["flip", "flip", "cut", "repeat", "leave out", "put in"]):
            case "flip" if at < len(data):
                data[at] ^= random.randrange(1, 256)
            case "cut":
                del data[at:]
            case "repeat":
                data[at:at] = data[at : at + 20] * random.randrange(1, 9)
            case "leave out":
                del data[at : at + random.randrange(9)]
            case _:
                data[at:at] = random.randbytes(random.randrange(9))
    return bytes(data)


def too_large(client_id: str) -> Iterator[Written]:
    """Records of nearly a megabyte, and of twenty once unpacked, which leave no room for a long reason; and a small
    one with a long reason."""
    garbage = b"\x07" * LARGE
    yield Written(INTEGRATION.name, b"enemy", garbage)
    for topic in (VENDOR_RECORD.name, VENDOR_SYNC.name):
        yield Written(topic, f"{client_id}:garbage".encode(), garbage)
    for topic in (SYNC_REQUESTED.name, SYNC_EXPANSION.name):
        yield Written(topic, client_id.encode(), garbage)
    yield Written(VENDOR_RECORD.name, f"{client_id}:unpacked".encode(), b"\x00" * 20_000_000)
    for topic, text in (
        (VENDOR_RECORD.name, "legal_name"),
        (VENDOR_SYNC.name, "cause"),
        (SYNC_REQUESTED.name, "requested_by"),
    ):
        kind = KINDS[topic]
        large = kind.model_validate(fixture(kind).model_dump() | {"client_id": client_id, text: "x" * (LARGE - 500)})
        key = str(large.key) if isinstance(large, VendorRecord | VendorSync) else client_id
        yield Written(topic, key.encode(), _CODEC.encode(large, topic=topic))
    request = fixture(SyncRequested)
    for where, data in stuffed(request, _CODEC.encode(request, topic=SYNC_REQUESTED.name)[:10], size=15_000):
        if where == ".vendor_ids 00":
            yield Written(SYNC_REQUESTED.name, b"enemy", data)


def is_dead(record: Written) -> bool:
    """Whether a worker can make nothing of it: it does not decode, or is not what its key says."""
    try:
        _read(record)
    except ValueError:
        return True
    return False


def _read(record: Written) -> None:
    """Read it as the worker does.

    Raises:
        ValueError: it is a dead letter.
    """
    if record.topic == VENDOR_RECORD.name:
        VendorKey.from_bytes(record.key)
    if record.value is None and record.topic in {INTEGRATION.name, VENDOR_RECORD.name}:
        return
    message = _CODEC.decode(KINDS[record.topic], record.value)
    key = record.key
    if isinstance(message, Integration):
        if (key or b"").decode(errors="replace") != message.client_id:
            raise UndecodableError("another client's key")
    elif isinstance(message, VendorRecord | VendorSync) and key != message.key.to_bytes():
        raise UndecodableError("another vendor's key")


def write(bootstrap: str, records: Iterator[Written]) -> list[Written]:
    """Write all of them, in this order within a partition, where no key is anywhere; with where each was put."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "message.max.bytes": 50_000_000,
            "compression.type": "lz4",
            "log_level": 2,
        }
    )
    written: list[Written] = []

    def put(record: Written) -> None:
        def delivered(error: object, message: Delivered) -> None:
            assert error is None, error
            written.append(record._replace(partition=message.partition() or 0, offset=message.offset() or 0))

        producer.produce(record.topic, key=record.key, value=record.value, on_delivery=delivered)

    for record in records:
        put(record)
        producer.poll(0)
    assert producer.flush(patient(30)) == 0
    return written
