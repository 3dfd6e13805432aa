"""What coverage-guided fuzzing throws its inputs at: properties as in ``test_codec_fuzz`` and ``test_reader_fuzz``."""

import io
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import fastavro
from fastavro import _read_py as python_reader

from schemas.records.vendor_row import Delivered
from schemas.wire.codec import Codec
from schemas.wire.record_schema import load_schema
from tests.accounting.builders import integration, record
from tests.fuzz.hostile_avro import decode_or_refuse, encoded_fixtures
from tests.fuzz.hostile_json import PROVIDER, survive
from tests.fuzz.hostile_schemas import changed, read_by

Target = Callable[[bytes], None]
Seeds = Iterable[bytes]

SCHEMA_AT: Final = 4
LONGEST_TEXT: Final = 3000
"""Bytes of a schema in a seed, which fits into an input with a record."""
PLANTED: Final = b"v1ve"


def codec_target() -> tuple[Target, Seeds]:
    """The first byte names a kind, the second whether the kind's own header is put before what follows.

    fastavro reads in C, which coverage does not see: its reader in Python reads along, to show which ways there are.
    """
    codec = Codec()
    encoded = list(encoded_fixtures().items())
    schemas: list[Any] = [
        fastavro.parse_schema(load_schema(f"avsc/{kind.SCHEMA}.avsc"), named_schemas={}) for kind, _ in encoded
    ]

    def target(data: bytes) -> None:
        if len(data) > 1:
            number = data[0] % len(encoded)
            kind, whole = encoded[number]
            with suppress(Exception):
                python_reader.schemaless_reader(io.BytesIO(data[2:]), schemas[number], None)
            decode_or_refuse(codec, kind, (whole[:10] if data[1] % 2 else b"") + data[2:])

    seeds = [bytes([index, 0]) + whole for index, (_, whole) in enumerate(encoded)]
    return target, [*seeds, *(bytes([index, 1]) + whole[10:] for index, (_, whole) in enumerate(encoded))]


def reader_target() -> tuple[Target, Seeds]:
    """The whole input is an answer's body; what was read of it is planned on."""
    vendor, settings, delivered = record(payment_hold=True), integration(), Delivered()
    odd = PROVIDER | {"zip": "91355-1234", "onHold": "no", "onHoldReason": "x", "address": "12A Main St"}
    samples: list[Any] = [PROVIDER, [PROVIDER], [odd, PROVIDER | {"providerID": "7"}], odd, {"providerID": 1}, [], None]

    def target(data: bytes) -> None:
        survive(data, vendor, settings, delivered)

    return target, [json.dumps(sample).encode() for sample in samples]


def schemas_target() -> tuple[Target, Seeds]:
    """The first byte names a kind, the second whether a schema's text follows or changes of the kind's; then a record follows."""
    encoded = list(encoded_fixtures().items())

    def target(data: bytes) -> None:
        if len(data) < SCHEMA_AT:
            return
        kind, _ = encoded[data[0] % len(encoded)]
        end = SCHEMA_AT + int.from_bytes(data[2:SCHEMA_AT], "big")
        given, body = data[SCHEMA_AT:end], data[end:]
        text = given if data[1] % 2 else json.dumps(changed(kind, given)).encode()
        read_by(kind, text, body)

    seeds = []
    for index, (kind, whole) in enumerate(encoded):
        text = json.dumps(load_schema(f"avsc/{kind.SCHEMA}.avsc"), separators=(",", ":")).encode()
        small = text[:LONGEST_TEXT]
        seeds.append(bytes([index, 1]) + len(small).to_bytes(2, "big") + small + whole[10:])
        seeds += [bytes([index, 0, 0, 3, number, 0, 7]) + whole[10:] + bytes(20) for number in range(8)]
    return target, seeds


def planted_target() -> tuple[Target, Seeds]:
    """Fails on whatever begins with ``PLANTED``, which no seed does."""
    return _planted, [b"____"]


def _planted(data: bytes) -> None:
    for place, letter in enumerate(PLANTED):
        if data[place : place + 1] != bytes([letter]):
            return
    raise ValueError("this fault was planted")


TARGETS: Final[dict[str, Callable[[], tuple[Target, Seeds]]]] = {
    "codec": codec_target,
    "reader": reader_target,
    "schemas": schemas_target,
    "planted": planted_target,
}
