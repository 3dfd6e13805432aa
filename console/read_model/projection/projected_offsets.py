"""The offsets up to which the topics are projected, stored beside the rows that come from them."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from console.read_model.store import tables
from console.read_model.store.upsert import upsert
from messaging.topic_offsets import Offsets
from schemas.topics import VENDOR_TABLE_CHANGELOG


def projected(connection: Connection) -> tuple[Offsets, dict[str, str]]:
    """How far the topics are projected, and Kafka's ids of those topics; both empty where nothing is."""
    offsets: Offsets = {}
    topic_ids: dict[str, str] = {}
    for row in connection.execute(select(tables.offsets).where(tables.offsets.c.topic != VENDOR_TABLE_CHANGELOG.name)):
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


def are_kept_records_taken(connection: Connection) -> bool:
    """Whether records that only the vendor table keeps were taken in since the tables were emptied."""
    place = tables.offsets.c.topic == VENDOR_TABLE_CHANGELOG.name
    return connection.execute(select(tables.offsets.c.topic).where(place)).first() is not None


def note_kept_records_taken(connection: Connection) -> None:
    """Store that records that only the vendor table keeps are taken in."""
    row = {"topic": VENDOR_TABLE_CHANGELOG.name, "partition": 0, "topic_id": "", "next_offset": 0}
    upsert(connection, tables.offsets, [row])
