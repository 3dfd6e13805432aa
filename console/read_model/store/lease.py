"""The projector's lease: one projector writes at a time, however many consoles run."""

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine, case, select, update

from console.read_model.store.engine import writing
from console.read_model.store.tables import projection
from console.read_model.store.upsert import insert_into
from schemas.errors import ViveSyncError

HELD_FOR_MS: Final = 10_000
_IT: Final = projection.c.id == 1


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class LeaseLostError(ViveSyncError, RuntimeError):
    """Another one projects now: nothing was written."""


class Lease:
    """The right to project, for some seconds from each write on.

    Clocks only decide when another one takes over. That two never write is held by the term, which every write looks at in
    its own transaction.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], int] = now_ms) -> None:
        self._engine = engine
        self._now = now
        self._term: int | None = None

    def take(self, *, by_force: bool = False) -> bool:
        """Take it, if nobody has it or ``by_force``; whether it is ours now."""
        with writing(self._engine) as connection:
            empty = {"id": 1, "term": 0, "held_until": 0, "revision": 0, "caught_up_at": 0, "complete_at": self._now()}
            connection.execute(insert_into(self._engine, projection).values(empty).on_conflict_do_nothing())
            free = _IT if by_force else _IT & (projection.c.held_until < self._now())
            taken = update(projection).where(free).values(term=projection.c.term + 1, held_until=self._until())
            self._term = connection.execute(taken.returning(projection.c.term)).scalar_one_or_none()
        return self._term is not None

    def hold(self, connection: Connection) -> int:
        """Hold it for what this transaction writes, and for some seconds more; the revision of what is written.

        Revisions grow, also over a rebuild and over a database that was lost.

        Raises:
            LeaseLostError: another one has it.
        """
        grown, now = projection.c.revision + 1, self._now()
        held = (
            update(projection)
            .where(_IT, projection.c.term == self._term)
            .values(held_until=self._until(), revision=case((grown > now, grown), else_=now))
        )
        revision = connection.execute(held.returning(projection.c.revision)).scalar_one_or_none()
        if revision is None:
            raise LeaseLostError("Another one projects into the read model now.")
        return int(revision)

    def renew(self, *, caught_up: bool) -> None:
        """Hold it while there is nothing to write, and store whether everything is projected.

        Raises:
            LeaseLostError: another one has it.
        """
        with writing(self._engine) as connection:
            self.hold(connection)
            if caught_up:
                now = self._now()
                connection.execute(update(projection).where(_IT).values(caught_up_at=now, complete_at=now))

    def begin_anew(self, connection: Connection) -> None:
        """Note that everything is read from the beginning from now on, so that no deletion was missed before."""
        connection.execute(update(projection).where(_IT).values(complete_at=self._now()))

    def give_back(self) -> None:
        """Let another one take it at once."""
        with writing(self._engine) as connection:
            connection.execute(update(projection).where(_IT, projection.c.term == self._term).values(held_until=0))

    def caught_up_at(self) -> int:
        """When whoever projects had last projected everything, in milliseconds since 1970; 0: nobody has yet."""
        with self._engine.connect() as connection:
            return connection.execute(select(projection.c.caught_up_at).where(_IT)).scalar_one_or_none() or 0

    def complete_at(self) -> int:
        """A time, in milliseconds since 1970, before which no deletion was missed, whoever projects; 0: it is unknown."""
        with self._engine.connect() as connection:
            return connection.execute(select(projection.c.complete_at).where(_IT)).scalar_one_or_none() or 0

    def _until(self) -> int:
        return self._now() + HELD_FOR_MS
