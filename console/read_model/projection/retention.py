"""Retention: the tables drop what the topics no longer hold."""

from sqlalchemy import Connection, delete, select

from console.read_model.store import tables
from messaging.topic_offsets import Offsets
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED, SYNC_RUN, VENDOR_SYNC_OUTCOME


def forget_before(connection: Connection, begins: Offsets) -> None:
    """Forget what lay before these offsets, the first that their partitions hold.

    Runs go with their last part, and all that is kept of them goes too. A vendor's state stays, also where it came of an outcome
    that is gone.
    """
    outcomes, dead_letters, handled = tables.outcomes, tables.dead_letters, tables.dead_letters_handled
    for (topic, partition), begin in begins.items():
        match topic:
            case VENDOR_SYNC_OUTCOME.name:
                gone = outcomes.c.partition == partition, outcomes.c.offset < begin
                connection.execute(delete(outcomes).where(*gone))
            case DEAD_LETTER.name:
                gone = dead_letters.c.partition == partition, dead_letters.c.offset < begin
                connection.execute(delete(dead_letters).where(*gone))
            case DEAD_LETTER_HANDLED.name:
                gone = handled.c["said_partition"] == partition, handled.c["said_offset"] < begin
                connection.execute(delete(handled).where(*gone))
            case SYNC_RUN.name:
                _forget_runs(connection, partition, begin)


def _forget_runs(connection: Connection, partition: int, begin: int) -> None:
    runs = tables.runs
    gone = runs.c.last_part_partition == partition, runs.c.last_part_offset < begin
    ids = [tuple(row) for row in connection.execute(select(runs.c.client_id, runs.c.run_id).where(*gone))]
    for table in (tables.run_vendors, tables.run_chunks, runs):
        for client_id, run_id in ids:
            connection.execute(delete(table).where(table.c.client_id == client_id, table.c.run_id == run_id))
