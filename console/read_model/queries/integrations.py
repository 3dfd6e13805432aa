"""The integration of a client, from the copies that the partitions of its topic hold."""

from typing import Any

from sqlalchemy import Connection, select

from console.read_model.store import tables
from schemas.integration_copies import IntegrationCopy, in_force
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration


def integration_in_force(connection: Connection, client_id: str) -> KnownIntegration:
    """The integration of a client that is in force."""
    table = tables.integration_copies
    rows = connection.execute(select(table).where(table.c.client_id == client_id)).mappings()
    return in_force([_copy(row) for row in rows])


def _copy(row: Any) -> IntegrationCopy:
    content: KnownIntegration = None
    if row["body"] is not None:
        content = Integration.model_validate_json(row["body"])
    elif row["unreadable_code"] is not None:
        content = UnreadableIntegration(code=row["unreadable_code"], reason=row["unreadable_reason"])
    return IntegrationCopy(
        client_id=row["client_id"],
        partition=row["partition"],
        own=row["own"],
        written_at=row["written_at"],
        content=content,
    )
