"""Records as an enemy would write them: each length, index and number of a valid one can be replaced by another."""

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from schemas.message import Message
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.record_schema import load_schema
from tests.support.messages import KINDS
from tests.support.slowness import patient

FIXTURES: Final = Path(__file__).parents[1] / "schemas" / "fixtures"
MARK: Final = "hunter2-S3cret"
"""Stands in texts of hostile records; no sentence about them may hold a part of it."""
LONGEST_SECONDS: Final = patient(2)
"""Of the processor's time, for a record."""
_SEEN: Final = 6
"""As many letters of the mark in a row are a part of it."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_TO_EPOCH: Final = date(1970, 1, 1).toordinal()


def zigzag(number: int) -> bytes:
    """A number as Avro writes it, of whatever size."""
    left = number << 1 if number >= 0 else (-number << 1) - 1
    written = bytearray()
    while left > 0x7F:
        written.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*written, left])


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a record: ``what`` is count, length, text, branch, number, double or bool, or end (of an array or map).

    ``item``: with a count, the smallest item of which there can be so many.
    """

    path: str
    what: str
    data: bytes
    item: bytes = b""


def pieces(message: Message) -> list[Piece]:
    """A message's encoding without its header, in pieces."""
    return list(_pieces(load_schema(f"avsc/{message.SCHEMA}.avsc"), message.model_dump(), "", {}))


def _pieces(schema: Any, value: Any, path: str, named: dict[str, Any]) -> Iterator[Piece]:
    if isinstance(schema, list):
        branch = next(index for index, one in enumerate(schema) if (one == "null") is (value is None))
        yield Piece(path=path, what="branch", data=zigzag(branch))
        yield from _pieces(schema[branch], value, path, named)
        return
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in named or isinstance(kind, dict | list):
        yield from _pieces(named.get(kind, kind) if isinstance(kind, str) else kind, value, path, named)
        return
    if kind == "record":
        named[schema["name"]] = schema
        for field in schema["fields"]:
            yield from _pieces(field["type"], value[field["name"]], f"{path}.{field['name']}", named)
    elif kind in {"array", "map"}:
        yield from _many(schema, value, path, named)
    else:
        yield from _one(kind, value, path)


def _many(schema: dict[str, Any], value: Any, path: str, named: dict[str, Any]) -> Iterator[Piece]:
    if value:
        item = _least(schema["items"]) if schema["type"] == "array" else b"\x00" + _least(schema["values"])
        yield Piece(path=path, what="count", data=zigzag(len(value)), item=item)
    for each in value:
        if schema["type"] == "array":
            yield from _pieces(schema["items"], each, f"{path}[]", named)
        else:
            yield from _one("string", each, f"{path}{{}}")
            yield from _pieces(schema["values"], value[each], f"{path}{{}}", named)
    yield Piece(path=path, what="end", data=b"\x00")


def _least(schema: Any) -> bytes:
    """The smallest value: a record's fields are the first branch, empty, false or zero, which is a zero byte each."""
    if isinstance(schema, dict) and schema["type"] == "record":
        return b"".join(_least(field["type"]) for field in schema["fields"])
    return b"\x00"


def _one(kind: str, value: Any, path: str) -> Iterator[Piece]:
    match kind:
        case "null":
            return
        case "string" | "bytes":
            text = (
                value if isinstance(value, bytes) else str(value.value if isinstance(value, Enum) else value).encode()
            )
            yield Piece(path=path, what="length", data=zigzag(len(text)))
            yield Piece(path=path, what="text", data=text)
        case "boolean":
            yield Piece(path=path, what="bool", data=bytes([value]))
        case "double":
            yield Piece(path=path, what="double", data=struct.pack("<d", value))
        case "int" | "long":
            yield Piece(path=path, what="number", data=zigzag(_number(value)))
        case _:
            raise NotImplementedError(kind)


def _number(value: Any) -> int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, date):
        return value.toordinal() - _DAYS_TO_EPOCH
    return int(value)


_SIZES: Final = [2**31 - 1, 2**31, 2**40, 2**62, 2**63 - 1, 2**64, 2**70, 1, -1, -(2**31), -(2**63)]
_NO_VARINTS: Final = [b"\xff" * 9 + b"\x7f", b"\x80" * 40 + b"\x00", b"\xff" * 5000, b"\x80"]
_BEFORE_YEAR_1: Final = -62_135_596_800_001
_AFTER_YEAR_9999: Final = 253_402_300_800_000
_DOUBLES: Final = [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1e308]

INSTEAD: Final[dict[str, list[bytes]]] = {
    "count": [*map(zigzag, _SIZES), *_NO_VARINTS],
    "end": [*map(zigzag, _SIZES), *_NO_VARINTS],
    "length": [*map(zigzag, _SIZES), *_NO_VARINTS],
    "branch": [*map(zigzag, [-1, 2, 7, 2**31, 2**62, -(2**63)]), *_NO_VARINTS],
    "number": [*map(zigzag, [*_SIZES, _BEFORE_YEAR_1, _AFTER_YEAR_9999, 2_932_897, -719_163]), *_NO_VARINTS],
    "double": [struct.pack("<d", number) for number in _DOUBLES],
    "bool": [b"\x02", b"\xff"],
    "text": [],
}
"""What an enemy writes in the place of a piece."""
_LETTERS: Final = [b"\xff", b"\xed\xa0\x80", b"\x00", "\u202e".encode(), b" "]
"""What a text of the same length is made of."""
_TEXTS: Final = [
    b"",
    MARK.encode(),
    f"{MARK} ".encode(),
    f"{MARK}\xff".encode("latin-1"),
    MARK.encode() * 2000,
    b"9" * 5000,
]
"""Texts of other lengths."""


def forged(message: Message, header: bytes) -> Iterator[tuple[str, bytes]]:
    """Every record that differs from the message in one piece, and where."""
    whole = pieces(message)
    for index, piece in enumerate(whole):
        before, after = (b"".join(each.data for each in part) for part in (whole[:index], whole[index + 1 :]))
        instead = INSTEAD[piece.what]
        if piece.what == "text":
            instead = [(text * len(piece.data))[: len(piece.data)] for text in _LETTERS]
            shorter = before[: -len(whole[index - 1].data)]
            for text in _TEXTS:
                yield f"{piece.path} {text[:20]!r}", header + shorter + zigzag(len(text)) + text + after
        for other in instead:
            if other != piece.data:
                yield f"{piece.path} {piece.what} {other[:12].hex()}", header + before + other + after


def stuffed(message: Message, header: bytes, *, size: int) -> Iterator[tuple[str, bytes]]:
    """Records whose every array and map, in turn, holds so many bytes of items: as many as it says, and far fewer."""
    whole = pieces(message)
    for index, piece in enumerate(whole):
        if piece.what != "count":
            continue
        before = header + b"".join(each.data for each in whole[:index])
        # What follows is as good as what was there: only the items are others.
        after = b"".join(
            each.data for each in whole[index + 1 :] if not each.path.startswith((f"{piece.path}[", f"{piece.path}{{"))
        )
        for item in (piece.item, b"\x02a", b"\x02 ") if len(piece.item) == 1 else (piece.item,):
            number = size // len(item)
            yield f"{piece.path} {item.hex()}", before + zigzag(number) + item * number + after
            yield f"{piece.path} {item.hex()}, cut", before + zigzag(2**62) + item * number


def fixture(kind: type[Message]) -> Message:
    """The newest published example of this kind, with all that a record of it can hold."""
    newest = max(FIXTURES.glob(f"{kind.SCHEMA}.*.json"), key=lambda path: int(path.suffixes[0][1:]))
    return kind.model_validate_json(json.dumps(json.loads(newest.read_text())))


def encoded_fixtures() -> dict[type[Message], bytes]:
    """The fixtures of all kinds in single-object encoding."""
    codec = Codec()
    return {kind: codec.encode(fixture(kind), topic="fuzz") for kind in KINDS}


def reveals_data(sentence: str) -> bool:
    """Whether a sentence holds a part of the mark."""
    return any(MARK[start : start + _SEEN] in sentence for start in range(len(MARK) - _SEEN + 1))


def decode_or_refuse(codec: Codec, kind: type[Message], data: bytes) -> None:
    """Decode, which must end soon: in a model that encodes, or in an UndecodableError that reveals nothing of the data.

    Raises:
        AssertionError: it did not.
    """
    began = time.thread_time()
    try:
        message = codec.decode(kind, data)
    except UndecodableError as error:
        _look_at(error)
    else:
        assert codec.decode(kind, codec.encode(message, topic=f"fuzz-{kind.SCHEMA}")) == message
    assert time.thread_time() - began < LONGEST_SECONDS


def _look_at(error: UndecodableError) -> None:
    assert str(error) == error.reason
    assert error.code in {"undecodable", "invalid"}
    assert error.reason.isprintable()
    assert not reveals_data(error.reason)
