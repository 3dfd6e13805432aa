"""Queries for outcomes that may settle vendors of runs: from the events, and from the outcomes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from console.read_model.folds.run_vendors import AwaitedEvent
from console.read_model.store.tables import outcomes, run_vendors
from console.read_model.store.upsert import STEP, Row, rows_of, rows_to_join
from schemas.records.outcome import Status


def answers_to(connection: Connection, events: Iterable[AwaitedEvent]) -> dict[AwaitedEvent, list[Row]]:
    """Of the outcomes that are there already, those that may settle what is asked, or show that its write has begun.

    Of those that reach the offset only the ones that reach least far.
    """
    found: dict[AwaitedEvent, list[Row]] = defaultdict(list)
    in_order = sorted(set(events))
    for begin in range(0, len(in_order), STEP):
        step = in_order[begin : begin + STEP]
        for row in rows_of(connection, _reaching_least_far(connection, step)):
            found[row["client_id"], row["vendor_id"], row["topic_id"], row["event_offset"]].append(row)
        rest = [one for one in step if one not in found]
        for row in rows_of(connection, _being_written(connection, rest)):
            found[row["client_id"], row["vendor_id"], row["topic_id"], row["event_offset"]].append(row)
    return found


_COLUMNS = (
    outcomes.c.client_id,
    outcomes.c.vendor_id,
    outcomes.c.topic_id,
    outcomes.c.through,
    outcomes.c.at,
    outcomes.c.attempt,
    outcomes.c.status,
    outcomes.c.state,
    outcomes.c.reason,
)
_EVENT = (outcomes.c.client_id, outcomes.c.vendor_id, outcomes.c.topic_id, outcomes.c.through)


def _reaching_least_far(connection: Connection, events: list[AwaitedEvent]) -> Select[Any]:
    given = rows_to_join(connection, _EVENT, events)
    other = outcomes.alias("other")
    least = (
        select(other.c.through)
        .where(
            other.c.client_id == given.c.client_id,
            other.c.vendor_id == given.c.vendor_id,
            other.c.topic_id == given.c.topic_id,
            other.c.through >= given.c.through,
            other.c.status != Status.WRITING.value,
        )
        .order_by(other.c.through)
        .limit(1)
        .scalar_subquery()
    )
    same = and_(
        outcomes.c.client_id == given.c.client_id,
        outcomes.c.vendor_id == given.c.vendor_id,
        outcomes.c.topic_id == given.c.topic_id,
        outcomes.c.through == least,
        outcomes.c.status != Status.WRITING.value,
    )
    return select(*_COLUMNS, given.c.through.label("event_offset")).select_from(given.join(outcomes, same))


def _being_written(connection: Connection, events: list[AwaitedEvent]) -> Select[Any]:
    given = rows_to_join(connection, _EVENT, events)
    same = and_(
        outcomes.c.client_id == given.c.client_id,
        outcomes.c.vendor_id == given.c.vendor_id,
        outcomes.c.topic_id == given.c.topic_id,
        outcomes.c.through >= given.c.through,
        outcomes.c.status == Status.WRITING.value,
    )
    return select(*_COLUMNS, given.c.through.label("event_offset")).select_from(given.join(outcomes, same))


def runs_waiting(
    connection: Connection, of_vendor: Mapping[tuple[str, str], list[Row]]
) -> dict[tuple[str, str, str], Row]:
    """The vendors of runs that these outcomes may settle: not settled yet, or by one that reaches as far or farther.

    By client, run and vendor; ``of_vendor`` is by client and vendor.
    """
    columns = (run_vendors.c.client_id, run_vendors.c.vendor_id, run_vendors.c.through)
    least = [(*key, min(outcome["through"] for outcome in those)) for key, those in sorted(of_vendor.items())]
    found: dict[tuple[str, str, str], Row] = {}
    for begin in range(0, len(least), STEP):
        given = rows_to_join(connection, columns, least[begin : begin + STEP])
        may_settle = and_(
            run_vendors.c.client_id == given.c.client_id,
            run_vendors.c.vendor_id == given.c.vendor_id,
            run_vendors.c.through >= given.c.through,
        )
        for row in rows_of(connection, select(run_vendors).select_from(given.join(run_vendors, may_settle))):
            found[row["client_id"], row["run_id"], row["vendor_id"]] = row
    return found
