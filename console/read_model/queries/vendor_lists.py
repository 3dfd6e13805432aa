"""Lists of vendors: of a client and of a run, by name, filtered by state and searched in."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, tuple_, union_all

from console.read_model.folds.outcomes import clean
from console.read_model.folds.vendors import vendor_reason
from console.read_model.queries.cursor import Key, page_of, read_cursor
from console.read_model.store.tables import client_states, run_vendors, vendors
from console.read_model.store.times import from_ms
from console.read_model.store.upsert import load
from console.read_model.store.views import MAX_COUNTED, Page, VendorLine, VendorState

FEW: Final = 2000
"""So many vendors of a run are sorted at once; of more the names are gone through in their order."""
LONGEST_SEARCHED: Final = 1000
"""No name is as long, and SQLite takes no pattern of more than some 50,000 bytes."""
_STATES: Final = tuple(state.value for state in VendorState)


def client_vendors(
    connection: Connection,
    client_id: str,
    *,
    states: Collection[VendorState],
    search: str,
    limit: int,
    cursor: str | None,
) -> Page[VendorLine]:
    """The vendors of a client that VIVE has a record of."""
    after = read_cursor(cursor, (str, str))
    found = _searched(select(vendors).where(vendors.c.client_id == client_id), search)
    state_values = [state.value for state in states]
    pages = [found.where(vendors.c.state == state) for state in state_values] or [
        found.where(vendors.c.state.is_not(None))
    ]
    parts = [select(_in_order(page, after, limit).subquery()) for page in pages]
    merged = union_all(*parts).order_by("sort_name", "vendor_id").limit(limit + 1)
    rows = connection.execute(merged).mappings().all()
    if after is None and len(rows) <= limit:
        total = len(rows)
    elif search.strip():
        total = _count(connection, found.where(vendors.c.state.in_(state_values or _STATES)))
    else:
        total = _number_in(connection, client_id, state_values or _STATES)
    return page_of(rows, limit, total=total, key=_place, item=vendor_line)


def vendor_line(row: Any) -> VendorLine:
    """The line of a row of ``vendors``."""
    state = VendorState(row["state"])
    at = row["outcome_at"]
    return VendorLine(
        vendor_id=row["vendor_id"],
        name=row["name"],
        provider_id=row["provider_id"],
        state=state,
        reason=vendor_reason(row, state),
        at=None if at is None else from_ms(at),
    )


def vendors_of_run(
    connection: Connection,
    client_id: str,
    run_id: str,
    *,
    states: Collection[VendorState],
    search: str,
    limit: int,
    cursor: str | None,
) -> Page[VendorLine]:
    """The vendors of a run, with what became of each in it."""
    after = read_cursor(cursor, (str, str))
    state_values = [state.value for state in states] or _STATES
    of_run = run_vendors.c.client_id == client_id, run_vendors.c.run_id == run_id, run_vendors.c.state.in_(state_values)
    number = connection.execute(select(func.count()).select_from(run_vendors).where(*of_run)).scalar_one()
    if number <= FEW:
        same = (vendors.c.client_id == run_vendors.c.client_id) & (vendors.c.vendor_id == run_vendors.c.vendor_id)
        few = _searched(select(vendors).join(run_vendors, same).where(*of_run), search)
        rows: list[Any] = sorted(connection.execute(few).mappings(), key=_place)
        total = len(rows)
        rows = [row for row in rows if after is None or _place(row) > after][: limit + 1]
    else:
        in_run = (
            select(run_vendors.c.vendor_id)
            .where(*of_run, run_vendors.c.vendor_id == vendors.c.vendor_id)
            .correlate(vendors)
            .exists()
        )
        many = _searched(select(vendors).where(vendors.c.client_id == client_id, in_run), search)
        rows = list(connection.execute(_in_order(many, after, limit)).mappings())
        whole = after is None and len(rows) <= limit
        total = len(rows) if whole else _count(connection, many) if search.strip() else number
    keys = [(client_id, run_id, row["vendor_id"]) for row in rows]
    columns = (run_vendors.c.client_id, run_vendors.c.run_id, run_vendors.c.vendor_id)
    results = load(connection, run_vendors, columns, keys)
    joined = [{"vendor": row, "result": results[key]} for row, key in zip(rows, keys, strict=True)]
    return page_of(joined, limit, total=total, key=lambda both: _place(both["vendor"]), item=_run_line)


def _run_line(both: Any) -> VendorLine:
    vendor, result = both["vendor"], both["result"]
    return VendorLine(
        vendor_id=vendor["vendor_id"],
        name=vendor["name"],
        provider_id=vendor["provider_id"],
        state=VendorState(result["state"]),
        reason=result["reason"],
        at=None if result["at"] is None else from_ms(result["at"]),
    )


def _place(row: Any) -> Key:
    return row["sort_name"], row["vendor_id"]


def _searched(found: Select[Any], search: str) -> Select[Any]:
    """Only vendors with the words in their name or id, in any case."""
    words = clean(search).strip().casefold()[:LONGEST_SEARCHED]
    return found.where(vendors.c.sort_name.contains(words, autoescape=True)) if words else found


def _in_order(found: Select[Any], after: Key | None, limit: int) -> Select[Any]:
    place = tuple_(vendors.c.sort_name, vendors.c.vendor_id)
    if after is not None:
        found = found.where(place > tuple_(*after))
    return found.order_by(vendors.c.sort_name, vendors.c.vendor_id).limit(limit + 1)


def _count(connection: Connection, found: Select[Any]) -> int:
    ids = found.with_only_columns(vendors.c.vendor_id).limit(MAX_COUNTED).subquery()
    return connection.execute(select(func.count()).select_from(ids)).scalar_one()


def _number_in(connection: Connection, client_id: str, states: Collection[str]) -> int:
    number = select(func.coalesce(func.sum(client_states.c.vendors), 0)).where(
        client_states.c.client_id == client_id, client_states.c.state.in_(states)
    )
    return int(connection.execute(number).scalar_one())
