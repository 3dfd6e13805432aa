"""The parts of a worker that read schemas and wait for them."""

from collections.abc import Callable

from processors.config import WorkerConfig
from processors.known_schemas.held_records import HeldRecords
from processors.known_schemas.missing_schema import missing_schema
from processors.known_schemas.schema_reader import SchemaReader
from processors.transport.partition_tasks import PartitionTasks
from processors.transport.topic_ends import TopicEnds
from schemas.wire.codec import Codec
from schemas.wire.known_schemas import KnownSchemas


def schema_reader(
    known: KnownSchemas,
    config: WorkerConfig,
    ends: TopicEnds,
    partitions: int,
    on_crash: Callable[[BaseException], None],
) -> SchemaReader:
    """Reads into ``known``; ``partitions`` is their number in ``vive.schema``."""
    return SchemaReader(
        known,
        bootstrap=config.bootstrap,
        partitions=partitions,
        ends=ends,
        stall_timeout=config.stall_seconds,
        on_crash=on_crash,
    )


def integrations_held(codec: Codec, schemas: SchemaReader, config: WorkerConfig, waits: PartitionTasks) -> HeldRecords:
    """Holds an integration until its schema is known; ``waits`` runs the tasks."""
    return HeldRecords(obstacle=missing_schema(codec, schemas), seconds=config.longest_schema_wait, start=waits.start)
