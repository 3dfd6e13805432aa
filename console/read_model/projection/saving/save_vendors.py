"""Writes vendors and their outcomes from records into the tables."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, delete

from console.read_model.folds.facts import Facts, VendorFact
from console.read_model.folds.vendors import (
    is_known,
    new_vendor,
    takes,
    vendor_state,
    with_outcome,
    with_record,
    with_unreadable,
)
from console.read_model.store import tables
from console.read_model.store.upsert import Row, insert_into, load, many, upsert
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord

_KEY = (tables.vendors.c.client_id, tables.vendors.c.vendor_id)


def save_vendors(connection: Connection, facts: Facts, outcomes: list[Row], *, topic_id: str) -> None:
    """Take in the records about vendors; ``topic_id`` is Kafka's present id of ``vendor-sync``."""
    if outcomes:
        many(connection, insert_into(connection, tables.outcomes), outcomes)
    keys = {fact.key for fact in facts.records} | facts.events.keys() | set(_named(facts))
    keys |= {VendorKey(outcome["client_id"], outcome["vendor_id"]) for outcome in outcomes}
    before = load(connection, tables.vendors, _KEY, sorted(keys))
    rows: dict[VendorKey, Row] = {key: before.get(key) or new_vendor(key) for key in keys}
    bodies = _take_records(facts.records, rows)
    for key, offset in facts.events.items():
        rows[key] = rows[key] | {"event_offset": offset}
    for outcome in outcomes:
        key = VendorKey(outcome["client_id"], outcome["vendor_id"])
        rows[key] = with_outcome(rows[key], outcome, topic_id)
    changed: list[Row] = []
    moved: Counter[tuple[str, str, bool]] = Counter()
    for key, row in rows.items():
        now = row | {"state": vendor_state(row).value if is_known(row) else None}
        old = before.get(key)
        if now != old:
            changed.append(now)
            for place in _counted(old):
                moved[place] -= 1
            for place in _counted(now):
                moved[place] += 1
    upsert(connection, tables.vendors, changed)
    _save_bodies(connection, bodies)
    _save_counts(connection, moved)


def _take_records(records: Iterable[VendorFact], rows: dict[VendorKey, Row]) -> dict[VendorKey, VendorRecord | None]:
    """Fold the records into the vendors' rows; return the last record to keep of each vendor that has a new one."""
    bodies: dict[VendorKey, VendorRecord | None] = {}
    for key, record, readable, accepted, forwarded in records:
        if not readable:
            rows[key] = with_unreadable(rows[key])
        elif record is None or takes(rows[key], record, accepted=accepted, forwarded=forwarded):
            bodies[key] = record
            rows[key] = with_record(rows[key], record, accepted=accepted, forwarded=forwarded)
    return bodies


def _named(facts: Facts) -> Iterable[VendorKey]:
    """The vendors that a run names, so that each has a row to find its name in."""
    for placed in facts.parts:
        part = placed.content
        for vendor in part.queued + part.already_in_progress:
            yield VendorKey(part.client_id, vendor.vendor_id)
        for vendor_id in part.unlinked:
            yield VendorKey(part.client_id, vendor_id)


def _counted(row: Row | None) -> list[tuple[str, str, bool]]:
    if row is None or row["state"] is None:
        return []
    return [(row["client_id"], row["state"], row["provider_id"] is not None)]


def _save_bodies(connection: Connection, bodies: dict[VendorKey, VendorRecord | None]) -> None:
    table = tables.vendor_records
    kept = [
        {"client_id": key.client_id, "vendor_id": key.vendor_id, "body": record.model_dump_json()}
        for key, record in bodies.items()
        if record is not None
    ]
    upsert(connection, table, kept)
    for key, record in bodies.items():
        if record is None:
            same = (table.c.client_id == key.client_id) & (table.c.vendor_id == key.vendor_id)
            connection.execute(delete(table).where(same))


def _save_counts(connection: Connection, moved: Counter[tuple[str, str, bool]]) -> None:
    table = tables.client_states
    rows = [
        {"client_id": client_id, "state": state, "linked": linked, "vendors": number}
        for (client_id, state, linked), number in moved.items()
        if number
    ]
    if not rows:
        return
    statement = insert_into(connection, table)
    more = {"vendors": table.c.vendors + statement.excluded.vendors}
    connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key.columns, set_=more), rows)
    clients = {row["client_id"] for row in rows}
    connection.execute(delete(table).where(table.c.client_id.in_(clients), table.c.vendors == 0))
