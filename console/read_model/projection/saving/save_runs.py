"""Writes runs and their vendors from records into the tables."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from console.read_model.folds.facts import Placed
from console.read_model.folds.outcomes import short_id
from console.read_model.folds.run_vendors import AwaitedEvent, answered, counts_of, named, new_run_vendor
from console.read_model.folds.runs import is_expanded, new_run, unsettled, with_counts, with_part
from console.read_model.projection.saving.settling_outcomes import answers_to, runs_waiting
from console.read_model.store import tables
from console.read_model.store.upsert import Row, load, upsert
from schemas.records.sync_run import RunPart, SyncRun

_VENDOR = (tables.run_vendors.c.client_id, tables.run_vendors.c.run_id, tables.run_vendors.c.vendor_id)
_RUN = (tables.runs.c.client_id, tables.runs.c.run_id)
RunKey = tuple[str, str]
VendorOfRun = tuple[str, str, str]


def save_runs(connection: Connection, parts: list[Placed[SyncRun]], outcomes: list[Row], *, revision: int) -> None:
    """Take in the parts of runs, and outcomes: rows that the table of outcomes has already.

    ``revision`` is that of every changed run afterwards.
    """
    more: dict[RunKey, Counter[str]] = defaultdict(Counter)
    _save_named(connection, parts, more)
    _save_answers(connection, outcomes, more)
    keys = more.keys() | {(placed.content.client_id, placed.content.run_id) for placed in parts}
    before = load(connection, tables.runs, _RUN, sorted(keys))
    rows = {key: before.get(key) or new_run(*key) for key in keys}
    for placed in parts:
        key = placed.content.client_id, placed.content.run_id
        rows[key] = with_part(rows[key], placed)
    _save_chunks(connection, parts, rows)
    changed = []
    for key, row in rows.items():
        now = _ended(connection, with_counts(row, more.get(key, Counter())))
        if now != before.get(key):
            changed.append(now | {"revision": revision})
    upsert(connection, tables.runs, changed)


class Naming(NamedTuple):
    """A run names a vendor: ``word`` is the column for how; ``event`` must be answered, where the vendor is linked."""

    key: VendorOfRun
    word: str
    event: AwaitedEvent | None = None


def _namings(parts: Iterable[Placed[SyncRun]]) -> Iterator[Naming]:
    for placed in parts:
        part = placed.content
        for word in ("queued", "already_in_progress"):
            for vendor in getattr(part, word):
                key = part.client_id, part.run_id, vendor.vendor_id
                event = part.client_id, vendor.vendor_id, short_id(part.topic_id), vendor.offset
                yield Naming(key, word, event)
        for word in ("unlinked", "unknown"):
            for vendor_id in getattr(part, word):
                yield Naming((part.client_id, part.run_id, vendor_id), word)


def _save_named(connection: Connection, parts: list[Placed[SyncRun]], more: dict[RunKey, Counter[str]]) -> None:
    namings = list(_namings(parts))
    keys = sorted({naming.key for naming in namings})
    before = load(connection, tables.run_vendors, _VENDOR, keys)
    rows = {key: before.get(key) or new_run_vendor(*key) for key in keys}
    for naming in namings:
        rows[naming.key] = named(rows[naming.key], naming.word, naming.event)
    early = answers_to(connection, {naming.event for naming in namings if naming.event is not None})
    for naming in namings:
        for outcome in () if naming.event is None else early.get(naming.event, ()):
            rows[naming.key] = answered(rows[naming.key], outcome)
    _save_vendors(connection, before, rows, more)


def _save_answers(connection: Connection, outcomes: list[Row], more: dict[RunKey, Counter[str]]) -> None:
    of_vendor: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for outcome in outcomes:
        of_vendor[outcome["client_id"], outcome["vendor_id"]].append(outcome)
    before = runs_waiting(connection, of_vendor)
    rows = dict(before)
    for key in before:
        for outcome in of_vendor[key[0], key[2]]:
            rows[key] = answered(rows[key], outcome)
    _save_vendors(connection, before, rows, more)


def _save_vendors(
    connection: Connection,
    before: dict[VendorOfRun, Row],
    rows: dict[VendorOfRun, Row],
    more: dict[RunKey, Counter[str]],
) -> None:
    changed = {key: row for key, row in rows.items() if row != before.get(key)}
    for key, row in changed.items():
        counts = more[key[0], key[1]]
        for name in counts_of(row):
            counts[name] += 1
        for name in counts_of(before[key]) if key in before else ():
            counts[name] -= 1
    upsert(connection, tables.run_vendors, list(changed.values()))


def _save_chunks(connection: Connection, parts: list[Placed[SyncRun]], rows: dict[RunKey, Row]) -> None:
    """Store the chunks that were reported, and in the rows whether they are all."""
    table = tables.run_chunks
    last_by_chunk: dict[tuple[str, str, int, int], bool] = {}
    for placed in parts:
        part = placed.content
        if part.part is RunPart.SHARD:
            key = part.client_id, part.run_id, part.partition, part.chunk
            last_by_chunk[key] = part.last or last_by_chunk.get(key, False)
    columns = (table.c.client_id, table.c.run_id, table.c.partition, table.c.chunk)
    known = load(connection, table, columns, sorted(last_by_chunk))
    names = [column.name for column in columns]
    chunks = [
        {**dict(zip(names, key, strict=True)), "last": last or (key in known and known[key]["last"])}
        for key, last in last_by_chunk.items()
    ]
    upsert(connection, table, chunks)
    for run in {(placed.content.client_id, placed.content.run_id) for placed in parts}:
        of_run: dict[int, dict[int, bool]] = defaultdict(dict)
        same = (table.c.client_id == run[0]) & (table.c.run_id == run[1])
        for row in connection.execute(select(table).where(same)):
            of_run[row.partition][row.chunk] = row.last
        rows[run] = rows[run] | {"expanded": is_expanded(rows[run]["partitions"], of_run)}


def _ended(connection: Connection, row: Row) -> Row:
    """The run, and whether and when it ended: with its last part or the last of the outcomes that settled its vendors."""
    done = row["refusal"] is not None or (row["expanded"] and not unsettled(row))
    if not done:
        return row | {"done": False, "ended_at": None}
    vendors = tables.run_vendors
    of_run = (vendors.c.client_id == row["client_id"]) & (vendors.c.run_id == row["run_id"])
    settled_at = connection.execute(select(func.max(vendors.c.at)).where(of_run)).scalar_one()
    ended_at = row["last_part_at"] if settled_at is None else max(row["last_part_at"], settled_at)
    return row | {"done": True, "ended_at": ended_at}
