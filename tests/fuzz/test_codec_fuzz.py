"""No bytes on a topic do more than raise UndecodableError, in a sentence that holds nothing of them."""

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.schema_registry import Registry
from schemas.message import Message
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.record_schema import SINGLE_OBJECT_MAGIC, load_schema
from tests.fuzz.hostile_avro import (
    LONGEST_SECONDS,
    MARK,
    decode_or_refuse,
    encoded_fixtures,
    fixture,
    forged,
    pieces,
    reveals_data,
    stuffed,
    zigzag,
)
from tests.support.messages import KINDS, MESSAGES
from tests.support.slowness import patient

PLAIN = Codec()
REGISTERED = Codec(Registry("mock://fuzz"))
CODECS = [PLAIN, REGISTERED]
ENCODED = encoded_fixtures()
HEADER_LENGTH = 10
HEADERS = {kind: data[:HEADER_LENGTH] for kind, data in ENCODED.items()}
LONGEST_SENTENCE = 10_000
"""Letters; a dead letter that is longer than a record may be can't be kept."""
MAX_MEMORY = 32 * 1024 * 1024
"""Bytes, for a record of a few kilobytes."""

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.SCHEMA)
often = settings(max_examples=30)


def registered(kind: type[Message]) -> bytes:
    return REGISTERED.encode(fixture(kind), topic=f"fuzz-{kind.SCHEMA}")[:5]


REGISTERED_HEADERS = {kind: registered(kind) for kind in KINDS}
ANY_HEADER = [
    *HEADERS.values(),
    *REGISTERED_HEADERS.values(),
    *(
        b"",
        b"\x00",
        b"\xc3",
        SINGLE_OBJECT_MAGIC,
        SINGLE_OBJECT_MAGIC * 3,
        b"\x00\x00\x00\x00\x00",
        b"\x00\xff\xff\xff\xff",
    ),
]
headers = st.sampled_from(ANY_HEADER)
marked = st.binary(max_size=40).flatmap(
    lambda data: st.integers(0, len(data)).map(lambda at: data[:at] + MARK.encode() + data[at:])
)


@contextmanager
def little_memory(most: int = MAX_MEMORY) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@kinds
def test_the_pieces_are_those_of_the_encoding(kind: type[Message]) -> None:
    assert b"".join(piece.data for piece in pieces(fixture(kind))) == ENCODED[kind][HEADER_LENGTH:]


@kinds
@often
@given(data=st.binary(max_size=200) | marked, header=headers)
def test_any_bytes_behind_any_header(kind: type[Message], data: bytes, header: bytes) -> None:
    for codec in CODECS:
        decode_or_refuse(codec, kind, data)
        decode_or_refuse(codec, kind, header + data)
        decode_or_refuse(codec, kind, HEADERS[kind] + data)


@st.composite
def damages(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes, flipped, cut, repeated, put in and left out in up to four places."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 40)))
        match draw(st.sampled_from(["flip", "cut", "repeat", "leave out", "put in", "number"])):
            case "flip" if at < len(data):
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at:]
            case "repeat":
                data[at:at] = bytes(data[at:to]) * draw(st.sampled_from([1, 2, 50]))
            case "leave out":
                del data[at:to]
            case "put in":
                data[at:at] = draw(st.binary(max_size=8))
            case _:
                data[at:to] = zigzag(draw(st.integers(-(2**63), 2**63 - 1)))
    return bytes(data)


@kinds
@often
@given(data=st.data())
def test_a_valid_record_that_was_damaged(kind: type[Message], data: st.DataObject) -> None:
    whole = data.draw(st.just(ENCODED[kind]) | MESSAGES[kind].map(lambda message: PLAIN.encode(message, topic="fuzz")))
    damaged = data.draw(damages(whole))
    decode_or_refuse(PLAIN, kind, damaged)
    decode_or_refuse(REGISTERED, kind, REGISTERED_HEADERS[kind] + damaged[HEADER_LENGTH:])
    decode_or_refuse(REGISTERED, kind, data.draw(headers) + damaged)


@kinds
def test_a_record_under_every_wrong_header(kind: type[Message]) -> None:
    body = ENCODED[kind][HEADER_LENGTH:]
    for header in ANY_HEADER:
        for codec in CODECS:
            decode_or_refuse(codec, kind, header + body)
    for header in {*HEADERS.values()} - {HEADERS[kind]}:
        with pytest.raises(UndecodableError):
            PLAIN.decode(kind, header + body)


@kinds
def test_without_a_registry_no_registered_record_is_read(kind: type[Message]) -> None:
    with pytest.raises(UndecodableError, match="no schema registry is configured"):
        PLAIN.decode(kind, REGISTERED_HEADERS[kind] + ENCODED[kind][HEADER_LENGTH:])


@kinds
def test_every_length_and_number_of_a_record_replaced_by_a_hostile_one(kind: type[Message]) -> None:
    """Gigabytes that are claimed are not looked for, and a value that breaks the model is not revealed."""
    count = 0
    with little_memory():
        for where, data in forged(fixture(kind), HEADERS[kind]):
            count += 1
            try:
                decode_or_refuse(PLAIN, kind, data)
            except Exception as error:
                raise AssertionError(f"{where}: {data[:200].hex()}") from error
    assert count > 30


@kinds
def test_a_number_that_is_read_can_be_written(kind: type[Message]) -> None:
    for _, data in forged(fixture(kind), HEADERS[kind]):
        with suppress(UndecodableError):
            PLAIN.encode(PLAIN.decode(kind, data), topic="fuzz")


@kinds
def test_a_megabyte_of_claims_without_substance(kind: type[Message]) -> None:
    for number in (b"\x00", b"\xff", b"\x02", b"\x80"):
        decode_or_refuse(PLAIN, kind, HEADERS[kind] + number * 1_000_000)


ARRAYS = [
    pytest.param(kind, data, id=f"{kind.SCHEMA}{where}")
    for kind in KINDS
    for where, data in stuffed(fixture(kind), HEADERS[kind], size=5_000)
]


@pytest.mark.parametrize(("kind", "data"), ARRAYS)
def test_an_array_of_a_great_many_items(kind: type[Message], data: bytes) -> None:
    sentence = ""
    began = time.thread_time()
    with little_memory():
        try:
            PLAIN.decode(kind, data)
        except UndecodableError as error:
            sentence = error.reason
    assert time.thread_time() - began < LONGEST_SECONDS
    assert len(sentence) < LONGEST_SENTENCE


def recursive(schema: Any, inside: tuple[str, ...] = ()) -> bool:
    """Whether a record of this schema can hold one of its own kind, however deep."""
    if isinstance(schema, str):
        return schema in inside
    if isinstance(schema, list):
        return any(recursive(one, inside) for one in schema)
    if schema["type"] == "record":
        full = f"{schema.get('namespace', '')}.{schema['name']}"
        return any(recursive(field["type"], (*inside, schema["name"], full)) for field in schema["fields"])
    return any(recursive(schema[part], inside) for part in ("type", "items", "values") if part in schema)


@kinds
def test_no_record_nests_without_bound(kind: type[Message]) -> None:
    assert not recursive(load_schema(f"avsc/{kind.SCHEMA}.avsc"))
    assert recursive({"type": "record", "name": "A", "fields": [{"name": "a", "type": ["null", "A"]}]})


def test_a_part_of_the_mark_is_found() -> None:
    assert reveals_data(f"the value {MARK} is wrong")
    assert reveals_data(MARK[1:-1])
    assert not reveals_data("The bytes do not hold an Integration")


REGISTRY_OF_AN_ENEMY = """
import resource, struct, sys, time
from datetime import UTC, datetime
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.record_schema import load_schema
from messaging.schema_registry import Registry
from schemas.records.sync_run import SyncRequested

extra = {extra}
ours = load_schema("avsc/sync_requested.avsc")
registry = Registry("mock://enemy")
schema_id = registry.id_for("enemy-value", ours | {{"fields": [*ours["fields"], {{"name": "x", "type": extra}}]}})
request = SyncRequested(run_id="r", client_id="c", requested_by="d", requested_at=datetime.now(UTC))
body = Codec().encode(request, topic="t")[10:]
resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + {limit},) * 2)
try:
    Codec(registry).decode(SyncRequested, b"\\0" + struct.pack(">I", schema_id) + body + {tail})
except UndecodableError:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("extra", "tail"),
    [
        (
            {"type": "record", "name": "L", "fields": [{"name": "n", "type": ["null", "L"]}]},
            'b"\\x02" * 900_000 + b"\\0"',
        ),
        ({"type": "array", "items": "null"}, 'b"\\xfe" + b"\\xff" * 7 + b"\\x7f"'),
    ],
    ids=["a list of lists", "items of no size"],
)
def test_a_registered_schema_that_lets_a_record_grow_without_bound(extra: Any, tail: str) -> None:
    """In a process of its own, which ends in a fault of memory, or not at all, where such a schema is not refused."""
    code = REGISTRY_OF_AN_ENEMY.format(extra=extra, tail=tail, limit=int(patient(4)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=patient(60), check=False)
    assert done.returncode == 7, done.stderr.decode()
