"""The offsets up to which the topics are projected, stored beside the rows that come from them."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from console.read_model.store import tables
from console.read_model.store.upsert import upsert
from messaging.topic_offsets import Offsets


def projected(connection: Connection) -> tuple[Offsets, dict[str, str]]:
    """How far the topics are projected, and Kafka's ids of those topics; both empty where nothing is."""
    offsets: Offsets = {}
    topic_ids: dict[str, str] = {}
    for row in connection.execute(select(tables.offsets)):
        offsets[row.topic, row.partition] = row.next_offset
        topic_ids[row.topic] = row.topic_id
    return offsets, topic_ids


def save_offsets(connection: Connection, next_offsets: Offsets, topic_ids: Mapping[str, str]) -> None:
    """Store how far the topics are projected, with Kafka's ids of those topics."""
    rows = [
        {"topic": topic, "partition": partition, "topic_id": topic_ids[topic], "next_offset": offset}
        for (topic, partition), offset in next_offsets.items()
    ]
    upsert(connection, tables.offsets, rows)
