"""Writes dead letters, and the actions on them, from records into the tables."""

from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from console.read_model.folds.facts import Placed
from console.read_model.folds.outcomes import clean
from console.read_model.store import tables
from console.read_model.store.times import to_ms
from console.read_model.store.upsert import Row, load, upsert
from schemas.dead_letter_state import DeadLetterHistory, DeadLetterState
from schemas.message import Identifier
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import DeadLetterHandled

_DEAD_LETTER = (tables.dead_letters.c.partition, tables.dead_letters.c.offset)
_HANDLED = (tables.dead_letters_handled.c.partition, tables.dead_letters_handled.c.offset)
_identifier: TypeAdapter[str] = TypeAdapter(Identifier)


class DeadLetterBatch(NamedTuple):
    """Dead letters and the actions on them, of one batch of records."""

    dead_letters: list[Placed[DeadLetter]]
    handled: list[Placed[DeadLetterHandled]]


def save_dead_letters(connection: Connection, batch: DeadLetterBatch, *, topic_id: str) -> None:
    """Take in dead letters and the actions on them; ``topic_id`` is Kafka's present id of ``dead-letter``."""
    mine = [placed for placed in batch.handled if placed.content.letter_topic_id == topic_id]
    keys = {LetterId(placed.partition, placed.offset) for placed in batch.dead_letters}
    keys |= {LetterId.parse(placed.content.letter_id) for placed in mine}
    if not keys:
        return
    dead_letters = load(connection, tables.dead_letters, _DEAD_LETTER, sorted(keys))
    handled = load(connection, tables.dead_letters_handled, _HANDLED, sorted(keys))
    for placed in batch.dead_letters:
        dead_letters[placed.partition, placed.offset] = dead_letter_row(placed)
    for done in mine:
        key = LetterId.parse(done.content.letter_id)
        known = handled.get(key)
        if known is None or (known["said_partition"], known["said_offset"]) < (done.partition, done.offset):
            handled[key] = handled_row(key, done)
    upsert(connection, tables.dead_letters_handled, list(handled.values()))
    upsert(connection, tables.dead_letters, [as_handled(row, handled.get(key)) for key, row in dead_letters.items()])


def dead_letter_row(placed: Placed[DeadLetter]) -> Row:
    """The row of ``dead_letters`` of a dead letter that nobody has handled."""
    dead_letter = placed.content
    stands = DeadLetterHistory(id=LetterId(placed.partition, placed.offset), content=dead_letter)
    vendor = stands.vendor
    return {
        "partition": placed.partition,
        "offset": placed.offset,
        "client_id": _id_or_none(stands.client_id or (None if vendor is None else vendor.client_id)),
        "vendor_id": _id_or_none(dead_letter.vendor_id or (None if vendor is None else vendor.vendor_id)),
        "code": clean(dead_letter.code),
        "reason": clean(dead_letter.reason),
        "at": to_ms(dead_letter.at),
        "body": dead_letter.model_dump_json(exclude={"key", "value"}),
        "key": dead_letter.key,
        "value": dead_letter.value,
        "state": DeadLetterState.OPEN.value,
        "handled_by": None,
        "handled_at": None,
    }


def handled_row(key: LetterId, placed: Placed[DeadLetterHandled]) -> Row:
    """The row of ``dead_letters_handled``."""
    return {
        "partition": key.partition,
        "offset": key.offset,
        "said_partition": placed.partition,
        "said_offset": placed.offset,
        "action": placed.content.action.value,
        "by": clean(placed.content.by),
        "at": to_ms(placed.content.at),
    }


def as_handled(dead_letter: Row, handled: Row | None) -> Row:
    """The dead letter's row after the last action on it."""
    if handled is None:
        return dead_letter
    handling: dict[str, Any] = {"state": handled["action"], "handled_by": handled["by"], "handled_at": handled["at"]}
    return dead_letter | handling


def _id_or_none(text: str | None) -> str | None:
    """The text where it is an identifier: no request can name another."""
    try:
        return None if text is None else _identifier.validate_python(text)
    except ValidationError:
        return None
