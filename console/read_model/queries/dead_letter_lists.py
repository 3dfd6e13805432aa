"""Lists of dead letters."""

import json
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from console.read_model.queries.cursor import Key, page_of, read_cursor
from console.read_model.store.tables import dead_letters
from console.read_model.store.times import from_ms
from console.read_model.store.views import DeadLetterLine, Page
from schemas.dead_letter_state import DeadLetterState
from schemas.records.dead_letter import DeadLetter, LetterId

_BRIEF = [column for column in dead_letters.c if column.name not in {"body", "key", "value"}]


def client_dead_letters(
    connection: Connection, client_id: str, *, open_only: bool, limit: int, cursor: str | None
) -> Page[DeadLetterLine]:
    """The dead letters of a client, newest first."""
    after = read_cursor(cursor, (int, int, int))
    place = dead_letters.c.at, dead_letters.c.partition, dead_letters.c.offset
    states = [DeadLetterState.OPEN.value] if open_only else [state.value for state in DeadLetterState]
    mine = dead_letters.c.client_id == client_id, dead_letters.c.state.in_(states)
    found = select(*_BRIEF).where(*mine)
    if after is not None:
        found = found.where(tuple_(*place) < tuple_(*after))
    newest_first = found.order_by(*(column.desc() for column in place)).limit(limit + 1)
    rows = connection.execute(newest_first).mappings().all()
    total = connection.execute(select(func.count()).select_from(dead_letters).where(*mine)).scalar_one()
    return page_of(rows, limit, total=total, key=_place, item=_line)


def number_open(connection: Connection, client_id: str) -> int:
    """How many dead letters of a client are open."""
    mine = dead_letters.c.client_id == client_id, dead_letters.c.state == DeadLetterState.OPEN.value
    return connection.execute(select(func.count()).select_from(dead_letters).where(*mine)).scalar_one()


def client_dead_letter(
    connection: Connection, client_id: str, letter_id: LetterId
) -> tuple[DeadLetterLine, DeadLetter] | None:
    """One dead letter of the client, with its content."""
    found = select(dead_letters).where(
        dead_letters.c.client_id == client_id,
        dead_letters.c.partition == letter_id.partition,
        dead_letters.c.offset == letter_id.offset,
    )
    row = connection.execute(found).mappings().one_or_none()
    if row is None:
        return None
    body = json.loads(row["body"]) | {"key": row["key"], "value": row["value"]}
    return _line(row), DeadLetter.model_validate(body)


def _line(row: Any) -> DeadLetterLine:
    handled_at = row["handled_at"]
    return DeadLetterLine(
        letter_id=str(LetterId(row["partition"], row["offset"])),
        vendor_id=row["vendor_id"],
        code=row["code"],
        reason=row["reason"],
        at=from_ms(row["at"]),
        state=row["state"],
        handled_by=row["handled_by"],
        handled_at=None if handled_at is None else from_ms(handled_at),
    )


def _place(row: Any) -> Key:
    return row["at"], row["partition"], row["offset"]
