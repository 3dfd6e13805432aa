"""Idempotency keys: the run of a request that may arrive twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import ColumnElement, Engine, case, delete, select, update

from console.read_model.store.engine import writing
from console.read_model.store.tables import idempotency_keys as keys
from console.read_model.store.times import to_ms
from console.read_model.store.upsert import insert_into

FORGOTTEN_AFTER: Final = timedelta(hours=24)


class Idempotency:
    """Remembers for 24 hours which run a client's key stands for, over restarts and among several consoles."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def run_id_for(self, client_id: str, key: str, new_run_id: str) -> str:
        """The run that this key of this client stands for: ``new_run_id`` unless another was given for it before.

        Of two requests at once, both get the run of one. ``key`` may be any text.
        """
        now = self._now()
        forgotten = to_ms(now - FORGOTTEN_AFTER)
        given = insert_into(self._engine, keys).values(
            client_id=client_id, key=_digest(key), run_id=new_run_id, at=to_ms(now), confirmed=False
        )
        old = keys.c.at <= forgotten
        statement = given.on_conflict_do_update(
            index_elements=[keys.c.client_id, keys.c.key],
            set_={
                column.name: case((old, given.excluded[column.name]), else_=column)
                for column in (keys.c.run_id, keys.c.at, keys.c.confirmed)
            },
        ).returning(keys.c.run_id)
        with writing(self._engine) as connection:
            run_id: str = connection.execute(statement).scalar_one()
            connection.execute(delete(keys).where(keys.c.at <= forgotten))
        return run_id

    def confirm(self, client_id: str, key: str) -> None:
        """Kafka has the run that this key stands for: it need not be produced again."""
        with writing(self._engine) as connection:
            connection.execute(update(keys).where(*_is(client_id, key)).values(confirmed=True))

    def confirmed(self, client_id: str, key: str) -> bool:
        """Whether Kafka is known to have the run that this key stands for."""
        with self._engine.connect() as connection:
            found = connection.execute(select(keys.c.confirmed).where(*_is(client_id, key))).scalar_one_or_none()
        return bool(found)


def _is(client_id: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return keys.c.client_id == client_id, keys.c.key == _digest(key)


def _digest(key: str) -> str:
    """A key of any length and content, as an index can hold it."""
    return sha256(key.encode(errors="surrogatepass")).hexdigest()
