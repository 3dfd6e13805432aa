"""Statements that SQLite and PostgreSQL write differently, under one name."""

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Connection,
    Engine,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    bindparam,
    collate,
    func,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]
"""A row by the names of its columns."""
Insert = sqlite.Insert | postgresql.Insert
STEP: Final = 5000
"""The most rows that go into one statement."""


def insert_into(bind: Engine | Connection, table: Table) -> Insert:
    """An INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if bind.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put these rows, whole, in place of those with the same primary key."""
    if not rows:
        return
    statement = insert_into(connection, table)
    keys = list(table.primary_key.columns)
    names = {key.name for key in keys}
    others = {name: statement.excluded[name] for name in rows[0] if name not in names}
    many(connection, statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def many(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """The statement for each of these rows, past what SQLAlchemy does to each parameter of each row."""
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    order = compiled.positiontup
    given = list(rows) if order is None else list(map(itemgetter(*order), rows))
    connection.exec_driver_sql(compiled.string, given)


def rows_to_join(
    bind: Engine | Connection, columns: Sequence[Column[Any]], rows: Sequence[tuple[Any, ...]]
) -> Subquery:
    """These rows as something to join with, in one parameter however many they are; named as the columns given."""
    if bind.dialect.name == "postgresql":
        return _unnested(columns, rows)
    given = func.json_each(bindparam(None, json.dumps(rows), unique=True)).table_valued("value", name="given")
    picked = [
        func.json_extract(given.c.value, f"$[{place}]").label(column.name) for place, column in enumerate(columns)
    ]
    return select(*picked).where(true()).subquery("asked_for")


def _unnested(columns: Sequence[Column[Any]], rows: Sequence[tuple[Any, ...]]) -> Subquery:
    numbers = [isinstance(column.type, BigInteger) for column in columns]
    lists = [
        bindparam(None, [row[place] for row in rows], type_=ARRAY(BigInteger if number else Text), unique=True)
        for place, number in enumerate(numbers)
    ]
    given = func.unnest(*lists).table_valued(*(column.name for column in columns), name="given").render_derived()
    picked = [
        given.c[column.name] if number else collate(given.c[column.name], "C").label(column.name)
        for column, number in zip(columns, numbers, strict=True)
    ]
    return select(*picked).subquery("asked_for")


def load(
    connection: Connection, table: Table, columns: Sequence[Column[Any]], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Row]:
    """The rows of a table that have one of these values in the columns, by those values."""
    found: dict[tuple[Any, ...], Row] = {}
    names = [column.name for column in columns]
    for begin in range(0, len(keys), STEP):
        given = rows_to_join(connection, columns, keys[begin : begin + STEP])
        same = [column == given.c[column.name] for column in columns]
        for row in rows_of(connection, select(table).join(given, and_(*same))):
            found[tuple(row[name] for name in names)] = row
    return found


def rows_of(connection: Connection, found: Select[Any]) -> list[Row]:
    """The rows of a query."""
    result = connection.execute(found)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]
