"""Holds records back in front of the agents' stages until what they need is known."""

from functools import partial
from typing import Any, Final

from processors.known_schemas.held_records import HeldRecords
from processors.known_schemas.missing_schema import missing_schema
from processors.known_schemas.record_lane import Obstacle, RecordLane
from processors.known_schemas.schema_reader import SchemaReader
from processors.state.integration_cache import Integrations
from processors.take_in import TakeIn
from processors.transport.partition_tasks import PartitionTasks
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_RECORD, VENDOR_SYNC, Topic
from schemas.wire.codec import Codec

VENDOR_TOPICS: Final = frozenset({VENDOR_RECORD.name, VENDOR_SYNC.name})
"""Their records share lanes: a vendor is not synced with older data while its newest record waits for its schema."""


def records_held(
    *, codec: Codec, schemas: SchemaReader, integrations: Integrations, in_flight: PartitionTasks, seconds: float
) -> HeldRecords:
    """Holds a record until its schema is known, and a ``vendor-sync`` event until that of its client's integration is."""
    of_schema = missing_schema(codec, schemas)

    def obstacle(message: Any) -> Obstacle | None:
        missing = of_schema(message)
        if missing is not None or message.topic != VENDOR_SYNC.name or not integrations.hold_any():
            return missing
        client_id = _client_of(message.key)
        held = client_id is not None and integrations.is_held(client_id)
        return partial(integrations.until_settled, client_id) if client_id is not None and held else None

    return HeldRecords(obstacle=obstacle, seconds=seconds, start=in_flight.start)


def holding(held: HeldRecords, topic: Topic, accept: TakeIn) -> TakeIn:
    """The stage ``accept`` of a topic, which gets each record as soon as nothing that it needs is missing."""
    lane_of = _vendor_lane if topic.name in VENDOR_TOPICS else _own_lane
    return lambda message: held.accept(message, lane_of, accept)


def _vendor_lane(message: Any) -> RecordLane:
    return RecordLane("vendor", message.partition, message.key, _client_of(message.key))


def _own_lane(message: Any) -> RecordLane:
    return RecordLane(message.topic, message.partition, message.key)


def _client_of(key: bytes | None) -> str | None:
    try:
        return VendorKey.from_bytes(key).client_id
    except ValueError:
        return None
