"""The read model's queries: a client, its runs, vendors and dead letters."""

import json
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, func, select, tuple_

from console.read_model.queries.cursor import page_of, read_cursor
from console.read_model.queries.dead_letter_lists import client_dead_letter, client_dead_letters, number_open
from console.read_model.queries.integrations import integration_in_force
from console.read_model.queries.vendor_details import newest_outcomes, vendor_detail, vendor_names
from console.read_model.queries.vendor_lists import client_vendors, vendors_of_run
from console.read_model.store import tables
from console.read_model.store.engine import reading
from console.read_model.store.times import from_ms
from console.read_model.store.views import (
    ClientView,
    DeadLetterLine,
    Page,
    RunView,
    VendorDetail,
    VendorLine,
    VendorState,
)
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.outcome import VendorSyncOutcome


class ReadModel:
    """Reads the tables that the projector writes; each method reads one state of them. Threads may share it.

    A cursor that none of its pages gave is a ValueError.
    """

    def __init__(self, engine: Engine, *, connection: Connection | None = None) -> None:
        """``connection``: the transaction of a snapshot, in which all methods read."""
        self._engine = engine
        self._connection = connection

    @contextmanager
    def snapshot(self) -> Iterator["ReadModel"]:
        """A read model of which all methods read the same state of the tables, in one transaction. One thread may use it.

        Whatever the projector writes meanwhile is not in it: keep it no longer than one page or one answer takes to read.
        """
        with self._reading() as connection:
            yield ReadModel(self._engine, connection=connection)

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self._engine) if self._connection is None else nullcontext(self._connection)

    def client(self, client_id: str) -> ClientView | None:
        """The client's integration, and what needs a person. None: it is unknown, or its integration was ended by a tombstone."""
        states = tables.client_states
        with self._reading() as connection:
            integration = integration_in_force(connection, client_id)
            if integration is None:
                return None
            rows = connection.execute(select(states).where(states.c.client_id == client_id)).all()
            open_dead_letters = number_open(connection, client_id)
        by_state: dict[VendorState, int] = {}
        for row in rows:
            state = VendorState(row.state)
            by_state[state] = by_state.get(state, 0) + row.vendors
        return ClientView(
            integration=integration,
            vendors=sum(by_state.values()),
            linked=sum(row.vendors for row in rows if row.linked),
            parked=by_state.get(VendorState.PARKED, 0),
            missing=by_state.get(VendorState.MISSING, 0),
            rejected=by_state.get(VendorState.REJECTED, 0),
            failed=by_state.get(VendorState.FAILED, 0),
            open_dead_letters=open_dead_letters,
            by_state=by_state,
        )

    def runs(self, client_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[RunView]:
        """The client's runs, newest first."""
        after = read_cursor(cursor, (int, str))
        table = tables.runs
        mine = table.c.client_id == client_id
        found = select(table).where(mine)
        if after is not None:
            found = found.where(tuple_(table.c.at, table.c.run_id) < tuple_(*after))
        with self._reading() as connection:
            newest_first = found.order_by(table.c.at.desc(), table.c.run_id.desc()).limit(limit + 1)
            rows = connection.execute(newest_first).mappings().all()
            total = connection.execute(select(func.count()).select_from(table).where(mine)).scalar_one()
        return page_of(rows, limit, total=total, key=lambda row: (row["at"], row["run_id"]), item=_run_view)

    def run(self, client_id: str, run_id: str) -> RunView | None:
        """One run as it stands; None: no worker has taken it up yet, or it is not the client's."""
        table = tables.runs
        found = select(table).where(table.c.client_id == client_id, table.c.run_id == run_id)
        with self._reading() as connection:
            row = connection.execute(found).mappings().one_or_none()
        return None if row is None else _run_view(row)

    def run_vendors(
        self,
        client_id: str,
        run_id: str,
        *,
        states: AbstractSet[VendorState] = frozenset(),
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[VendorLine]:
        """The run's vendors by name, with what became of each in this run; the unlinked are among them.

        A vendor's ``state`` is as its run counts it; ``at`` and ``reason`` are those of the outcome that settled it.
        """
        with self._reading() as connection:
            return vendors_of_run(
                connection, client_id, run_id, states=states, search=search, limit=limit, cursor=cursor
            )

    def vendors(
        self,
        client_id: str,
        *,
        states: AbstractSet[VendorState] = frozenset(),
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[VendorLine]:
        """The vendors that VIVE has a record of, by name. ``search`` matches name and id, in any case."""
        with self._reading() as connection:
            return client_vendors(connection, client_id, states=states, search=search, limit=limit, cursor=cursor)

    def vendor(self, client_id: str, vendor_id: str, *, outcomes: int = 10) -> VendorDetail | None:
        """One vendor and its last so many outcomes, those that announce a write (``writing``) among them."""
        with self._reading() as connection:
            return vendor_detail(connection, client_id, vendor_id, limit=outcomes)

    def vendor_names(self, client_id: str, vendor_ids: Collection[str]) -> dict[str, str]:
        """The names of those of these vendors that the client has, by id: one query however many they are."""
        with self._reading() as connection:
            return vendor_names(connection, client_id, vendor_ids)

    def newest_outcomes(self, client_id: str, vendor_ids: Collection[str]) -> dict[str, VendorSyncOutcome]:
        """The newest outcome of each of these vendors that has one, by id: one query however many they are."""
        with self._reading() as connection:
            return newest_outcomes(connection, client_id, vendor_ids)

    def dead_letters(
        self, client_id: str, *, open_only: bool = True, limit: int = 50, cursor: str | None = None
    ) -> Page[DeadLetterLine]:
        """The client's dead letters, newest first."""
        with self._reading() as connection:
            return client_dead_letters(connection, client_id, open_only=open_only, limit=limit, cursor=cursor)

    def dead_letter(self, client_id: str, letter_id: str) -> tuple[DeadLetterLine, DeadLetter] | None:
        """One dead letter of the client, with its content. None: the client has none with this id, or it is not such an id."""
        try:
            parsed = LetterId.parse(letter_id)
        except ValueError:
            return None
        with self._reading() as connection:
            return client_dead_letter(connection, client_id, parsed)


def _run_view(row: Any) -> RunView:
    ended_at = row["ended_at"]
    return RunView(
        run_id=row["run_id"],
        client_id=row["client_id"],
        requested_by=row["requested_by"],
        cause=row["cause"],
        at=from_ms(row["at"]),
        refusal=row["refusal"],
        expanded=row["expanded"],
        done=row["done"],
        ended_at=None if ended_at is None else from_ms(ended_at),
        queued=row["queued"],
        already_in_progress=row["already_in_progress"],
        unlinked=row["unlinked"],
        unknown=row["unknown"],
        by_state={VendorState(state): number for state, number in json.loads(row["by_state"]).items()},
        revision=row["revision"],
    )
