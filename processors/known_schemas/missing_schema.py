"""Records whose schema is not known yet."""

from collections.abc import Callable
from functools import partial
from typing import Any

from processors.known_schemas.record_lane import Obstacle
from processors.known_schemas.schema_reader import SchemaReader
from schemas.wire.codec import Codec


def missing_schema(codec: Codec, schemas: SchemaReader) -> Callable[[Any], Obstacle | None]:
    """What a record has to wait for: its schema, where that is not known."""

    def obstacle(message: Any) -> Obstacle | None:
        fingerprint = codec.unknown_schema(message.value)
        return None if fingerprint is None else partial(schemas.until_known, fingerprint)

    return obstacle
