"""Dead letters, and what was done with them, from records into the tables."""

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

_LETTER = (tables.dead_letters.c.partition, tables.dead_letters.c.offset)
_HANDLED = (tables.letters_handled.c.partition, tables.letters_handled.c.offset)
_identifier: TypeAdapter[str] = TypeAdapter(Identifier)


class DeadLetterBatch(NamedTuple):
    """Letters and what was done with them, of one batch."""

    letters: list[Placed[DeadLetter]]
    handled: list[Placed[DeadLetterHandled]]


def save_letters(connection: Connection, said: DeadLetterBatch, *, topic_id: str) -> None:
    """Take in letters and their handling; ``topic_id`` is Kafka's id of ``dead-letter`` now."""
    mine = [placed for placed in said.handled if placed.says.letter_topic_id == topic_id]
    keys = {LetterId(placed.partition, placed.offset) for placed in said.letters}
    keys |= {LetterId.parse(placed.says.letter_id) for placed in mine}
    if not keys:
        return
    letters = load(connection, tables.dead_letters, _LETTER, sorted(keys))
    handled = load(connection, tables.letters_handled, _HANDLED, sorted(keys))
    for placed in said.letters:
        letters[placed.partition, placed.offset] = letter_row(placed)
    for done in mine:
        key = LetterId.parse(done.says.letter_id)
        known = handled.get(key)
        if known is None or (known["said_partition"], known["said_offset"]) < (done.partition, done.offset):
            handled[key] = handled_row(key, done)
    upsert(connection, tables.letters_handled, list(handled.values()))
    upsert(connection, tables.dead_letters, [as_handled(row, handled.get(key)) for key, row in letters.items()])


def letter_row(placed: Placed[DeadLetter]) -> Row:
    """The row of ``dead_letters`` of a letter that nobody has handled."""
    letter = placed.says
    stands = DeadLetterHistory(id=LetterId(placed.partition, placed.offset), content=letter)
    vendor = stands.vendor
    return {
        "partition": placed.partition,
        "offset": placed.offset,
        "client_id": _id_or_none(stands.client_id or (None if vendor is None else vendor.client_id)),
        "vendor_id": _id_or_none(letter.vendor_id or (None if vendor is None else vendor.vendor_id)),
        "code": clean(letter.code),
        "reason": clean(letter.reason),
        "at": to_ms(letter.at),
        "body": letter.model_dump_json(exclude={"key", "value"}),
        "key": letter.key,
        "value": letter.value,
        "state": DeadLetterState.OPEN.value,
        "handled_by": None,
        "handled_at": None,
    }


def handled_row(key: LetterId, placed: Placed[DeadLetterHandled]) -> Row:
    """The row of ``letters_handled``."""
    return {
        "partition": key.partition,
        "offset": key.offset,
        "said_partition": placed.partition,
        "said_offset": placed.offset,
        "action": placed.says.action.value,
        "by": clean(placed.says.by),
        "at": to_ms(placed.says.at),
    }


def as_handled(letter: Row, handled: Row | None) -> Row:
    """The letter's row as the last who handled it left it."""
    if handled is None:
        return letter
    told: dict[str, Any] = {"state": handled["action"], "handled_by": handled["by"], "handled_at": handled["at"]}
    return letter | told


def _id_or_none(text: str | None) -> str | None:
    """No other text can be asked for."""
    try:
        return None if text is None else _identifier.validate_python(text)
    except ValidationError:
        return None
