"""Writes the copies of integrations from records into the table."""

from collections.abc import Iterable

from sqlalchemy import Connection

from console.read_model.store import tables
from console.read_model.store.upsert import Row, upsert
from schemas.integration_copies import IntegrationCopy
from schemas.records.integration import Integration, UnreadableIntegration


def save_integrations(connection: Connection, copies: Iterable[IntegrationCopy]) -> None:
    """Take in copies in the order of their partitions: of each client and partition the last one stays."""
    newest = {(copy.client_id, copy.partition): _row(copy) for copy in copies}
    upsert(connection, tables.integration_copies, list(newest.values()))


def _row(copy: IntegrationCopy) -> Row:
    content = copy.content
    unreadable = content if isinstance(content, UnreadableIntegration) else None
    return {
        "client_id": copy.client_id,
        "partition": copy.partition,
        "own": copy.own,
        "written_at": copy.written_at,
        "body": content.model_dump_json() if isinstance(content, Integration) else None,
        "unreadable_code": None if unreadable is None else unreadable.code,
        "unreadable_reason": None if unreadable is None else unreadable.reason,
    }
