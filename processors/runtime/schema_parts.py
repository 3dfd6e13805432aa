"""The part of a worker that waits for the schemas of integrations."""

from processors.config import WorkerConfig
from processors.known_schemas.held_records import HeldRecords
from processors.known_schemas.missing_schema import missing_schema
from processors.known_schemas.schema_reader import SchemaReader
from processors.transport.partition_tasks import PartitionTasks
from schemas.wire.codec import Codec


def integrations_held(codec: Codec, schemas: SchemaReader, config: WorkerConfig, waits: PartitionTasks) -> HeldRecords:
    """Holds an integration until its schema is known; ``waits`` runs the tasks."""
    return HeldRecords(obstacle=missing_schema(codec, schemas), seconds=config.longest_schema_wait, start=waits.start)
