"""Folds of records into a vendor of a run: pure functions of its row in ``run_vendors``."""

import json

from console.read_model.folds.vendors import UNLINKED
from console.read_model.store.tables import OPEN
from console.read_model.store.upsert import Row
from console.read_model.store.views import VendorState
from schemas.records.outcome import Status

AwaitedEvent = tuple[str, str, str, int]
"""A client, a vendor, Kafka's id of ``vendor-sync``, and the offset that must be answered."""


def new_run_vendor(client_id: str, run_id: str, vendor_id: str) -> Row:
    """A vendor of a run, before it is named in any list."""
    return {
        "client_id": client_id,
        "run_id": run_id,
        "vendor_id": vendor_id,
        "queued": False,
        "already_in_progress": False,
        "unlinked": False,
        "unknown": False,
        "asked": "{}",
        "through": OPEN,
        "at": None,
        "attempt": 0,
        "status": "",
        "state": None,
        "reason": None,
    }


def named(row: Row, word: str, event: AwaitedEvent | None = None) -> Row:
    """The run names the vendor: ``word`` is the column for how; ``event`` is the event that must be answered."""
    row = row | {word: True}
    if event is not None:
        awaited = json.loads(row["asked"])
        _, _, topic_id, offset = event
        awaited[topic_id] = min(offset, awaited.get(topic_id, offset))
        row["asked"] = json.dumps(awaited, sort_keys=True)
    if row["state"] in {None, VendorState.UNLINKED}:
        linked = row["queued"] or row["already_in_progress"]
        outside = VendorState.UNLINKED.value if row["unlinked"] else None
        row["state"] = VendorState.QUEUED.value if linked else outside
        row["reason"] = UNLINKED if row["state"] == VendorState.UNLINKED else None
    return row


def answered(row: Row, outcome: Row) -> Row:
    """A vendor of a run under an outcome (a row of ``outcomes``): the one that reaches least far settles it."""
    offset = json.loads(row["asked"]).get(outcome["topic_id"])
    if offset is None or outcome["through"] < offset:
        return row
    if outcome["status"] == Status.WRITING:
        return row | {"state": VendorState.WRITING.value} if row["through"] == OPEN else row
    if row["through"] != OPEN and _order(row) <= _order(outcome):
        return row
    taken = ("through", "at", "attempt", "status", "state", "reason")
    return row | {name: outcome[name] for name in taken}


def _order(row: Row) -> tuple[int, int, int, str]:
    return row["through"], row["at"], row["attempt"], row["status"]


def counts_of(row: Row) -> tuple[str, ...]:
    """In which of its run's counts a vendor counts, once each: as what it was named, and its state."""
    linked = row["queued"] or row["already_in_progress"]
    named_as = ("queued",) if row["queued"] else ("already_in_progress",) if linked else ()
    outside = tuple(word for word in ("unlinked", "unknown") if row[word])
    return named_as + outside + ((f"state:{row['state']}",) if linked else ())
