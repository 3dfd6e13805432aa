"""Empties what comes from events, outcomes, runs and dead letters, and keeps clients and vendors with their records."""

from typing import Final

from sqlalchemy import Connection, case, delete, func, insert, null, select, update

from console.read_model.folds.facts import ROW_TOPICS
from console.read_model.store import tables
from console.read_model.store.views import VendorState

OF_ROW_TOPICS: Final = (tables.integration_copies, tables.vendors, tables.vendor_records)
OF_ALL_TOPICS: Final = (tables.offsets, tables.unreadable)


def forget_history(connection: Connection) -> None:
    """Do so. Vendors are as ``vendor_state`` has them before any event; all but ``ROW_TOPICS`` are read from their beginning."""
    for table in tables.PROJECTED:
        if table in OF_ALL_TOPICS:
            connection.execute(delete(table).where(table.c.topic.not_in(ROW_TOPICS)))
        elif table not in OF_ROW_TOPICS:
            connection.execute(delete(table))
    vendors, states = tables.vendors, tables.client_states
    linked = vendors.c.provider_id.is_not(None)
    state = case(
        (vendors.c.version < 0, null()),
        (linked, VendorState.NEVER_SYNCED.value),
        else_=VendorState.UNLINKED.value,
    )
    connection.execute(
        update(vendors).values(
            **dict.fromkeys(("event_offset", "through", "outcome_partition", "outcome_offset"), -1),
            **dict.fromkeys(("outcome_state", "outcome_reason", "outcome_at")),
            state=state,
        )
    )
    counted = (
        select(vendors.c.client_id, vendors.c.state, linked, func.count())
        .where(vendors.c.state.is_not(None))
        .group_by(vendors.c.client_id, vendors.c.state, linked)
    )
    columns = (states.c.client_id, states.c.state, states.c.linked, states.c.vendors)
    connection.execute(insert(states).from_select(columns, counted))
