"""Writes one batch of records into the tables, in the transaction that also stores the projected offsets."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, select

from console.read_model.folds.facts import Facts, Unreadable
from console.read_model.folds.outcomes import clean, outcome_row
from console.read_model.projection.projected_offsets import save_offsets
from console.read_model.projection.saving.save_dead_letters import DeadLetterBatch, save_dead_letters
from console.read_model.projection.saving.save_integrations import save_integrations
from console.read_model.projection.saving.save_runs import save_runs
from console.read_model.projection.saving.save_vendors import save_vendors
from console.read_model.store import tables
from console.read_model.store.upsert import upsert
from schemas.topics import DEAD_LETTER, VENDOR_SYNC


def project(connection: Connection, facts: Facts, topic_ids: Mapping[str, str], *, revision: int) -> None:
    """Take these facts in. ``topic_ids`` are Kafka's, by topic; ``revision`` is what changed runs have afterwards."""
    rows = [outcome_row(placed) for placed in facts.outcomes]
    save_vendors(connection, facts, rows, topic_id=topic_ids[VENDOR_SYNC.name])
    save_runs(connection, facts.parts, rows, revision=revision)
    save_dead_letters(
        connection, DeadLetterBatch(facts.dead_letters, facts.handled), topic_id=topic_ids[DEAD_LETTER.name]
    )
    save_integrations(connection, facts.integrations)
    _save_unreadable(connection, facts.unreadable)
    save_offsets(connection, facts.next_offsets, topic_ids)


def forget(connection: Connection) -> None:
    """Empty every table that is built from the topics."""
    for table in tables.PROJECTED:
        connection.execute(delete(table))


def _save_unreadable(connection: Connection, unreadable: Iterable[Unreadable]) -> None:
    table = tables.unreadable
    for record, reason in unreadable:
        place = (table.c.topic == record.topic) & (table.c.partition == record.partition)
        before = connection.execute(select(table.c.records).where(place)).scalar_one_or_none() or 0
        row = {
            "topic": record.topic,
            "partition": record.partition,
            "records": before + 1,
            "last_offset": record.offset,
            "last_reason": clean(reason)[:1000],
        }
        upsert(connection, table, [row])
