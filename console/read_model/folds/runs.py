"""Folds of records into a run: pure functions of its row in ``runs``."""

import json
from collections import Counter

from console.read_model.folds.facts import Placed
from console.read_model.folds.outcomes import clean
from console.read_model.store.tables import OPEN
from console.read_model.store.times import to_ms
from console.read_model.store.upsert import Row
from console.read_model.store.views import VendorState
from schemas.records.sync_run import RunPart, SyncRun


def new_run(client_id: str, run_id: str) -> Row:
    """A run before the first of its parts."""
    return {
        "client_id": client_id,
        "run_id": run_id,
        "at": OPEN,
        "last_part_at": -OPEN,
        "last_part_partition": -1,
        "last_part_offset": -1,
        "requested_by": "",
        "cause": "",
        "refusal": None,
        "partitions": -1,
        "expanded": False,
        "done": False,
        "ended_at": None,
        "queued": 0,
        "already_in_progress": 0,
        "unlinked": 0,
        "unknown": 0,
        "by_state": "{}",
        "revision": 0,
    }


def with_part(row: Row, placed: Placed[SyncRun]) -> Row:
    """The run after a part of it, but for its vendors."""
    part, at = placed.content, to_ms(placed.content.at)
    row = row | {
        "at": min(row["at"], at),
        "last_part_at": max(row["last_part_at"], at),
        "last_part_partition": placed.partition,
        "last_part_offset": placed.offset,
        "requested_by": row["requested_by"] or clean(part.requested_by),
        "cause": row["cause"] or clean(part.cause),
    }
    if part.part is RunPart.REFUSED:
        row["refusal"] = clean(part.refusal or "")
    if part.part is RunPart.EXPANDING:
        row["partitions"] = max(row["partitions"], part.partitions)
    return row


def with_counts(row: Row, more: Counter[str]) -> Row:
    """The run after its vendors have changed: ``more`` is what they add now less what they added before."""
    states = Counter(json.loads(row["by_state"]))
    row = dict(row)
    for name, number in more.items():
        if name.startswith("state:"):
            states[name.removeprefix("state:")] += number
        else:
            row[name] += number
    row["by_state"] = json.dumps({state: number for state, number in sorted(states.items()) if number})
    return row


def is_expanded(partitions: int, chunks: dict[int, dict[int, bool]]) -> bool:
    """Whether all partitions have reported all their vendors: ``chunks`` by partition and number, and whether one is the last."""
    closed = sum(1 for partition, reported in chunks.items() if 0 <= partition < partitions and _is_closed(reported))
    return partitions >= 0 and closed == partitions


def _is_closed(reported: dict[int, bool]) -> bool:
    last = min((chunk for chunk, is_last in reported.items() if is_last), default=None)
    return last is not None and sum(1 for chunk in reported if 0 <= chunk <= last) == last + 1


def unsettled(row: Row) -> int:
    """Linked vendors of the run without an outcome."""
    states = json.loads(row["by_state"])
    return int(states.get(VendorState.QUEUED, 0) + states.get(VendorState.WRITING, 0))
