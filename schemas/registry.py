"""A Confluent-compatible schema registry."""

import json
import time
from typing import Final

from confluent_kafka.schema_registry import Schema as RegisteredSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import Schema

SECONDS: Final = 5.0
FORGET_FAILURES_AFTER: Final = 30.0


class Registry:
    """Ids for schemas and schemas for ids, asked once each. A failed look-up is not repeated for half a minute.

    Records name ids of their writer's choosing, so that hostile ones could otherwise make a reader ask without end.
    """

    def __init__(self, address: str) -> None:
        self._client = SchemaRegistryClient.new_client({"url": address, "timeout": SECONDS})
        self._address = _without_credentials(address)
        self._failed: dict[int, float] = {}

    def id_for(self, subject: str, schema: Schema) -> int:
        """The id of this schema, registered under the subject if need be.

        Raises:
            ConnectionError: the registry does not answer, or refuses the schema.
        """
        try:
            return int(self._client.register_schema(subject, RegisteredSchema(json.dumps(schema), "AVRO")))
        except SchemaRegistryError as error:
            raise ConnectionError(f"The schema registry at {self._address} did not take {subject}: {error}") from error
        except Exception as error:  # the client lets through whatever its HTTP library and the answer's form raise
            raise ConnectionError(
                f"The schema registry at {self._address} did not take {subject}: {type(error).__name__}."
            ) from error

    def schema_for(self, schema_id: int) -> Schema:
        """The schema of an id.

        Raises:
            LookupError: the registry does not know it, or does not answer.
        """
        if time.monotonic() - self._failed.get(schema_id, float("-inf")) < FORGET_FAILURES_AFTER:
            raise LookupError("it was asked a moment ago and could not tell")
        try:
            found = self._client.get_schema(schema_id)
            schema: Schema = json.loads(found.schema_str or "")
        except Exception as error:  # as above
            if len(self._failed) > 10_000:  # noqa: PLR2004 -- hostile ids must not fill the memory
                self._failed.clear()
            self._failed[schema_id] = time.monotonic()
            why = error if isinstance(error, SchemaRegistryError) else type(error).__name__
            raise LookupError(f"the registry at {self._address} does not tell: {why}") from error
        return schema


def _without_credentials(address: str) -> str:
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
