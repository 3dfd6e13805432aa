"""A Confluent-compatible schema registry."""

import json
import time
from typing import Final

from confluent_kafka.schema_registry import Schema as RegisteredSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from messaging.registry_access import RegistryAccess, RegistrySettingsError, tls_fault
from schemas.wire.codec import RegistryUnavailableError
from schemas.wire.record_schema import Schema

SECONDS: Final = 5.0
FORGET_UNKNOWN_AFTER: Final = 30.0
NOT_KNOWN: Final = frozenset({40403, 40400})
"""The registry's code for an id without a schema (Confluent, "Schema Registry API Reference"), and that of its mock."""
REFUSED: Final = frozenset({401, 403})
MAX_UNKNOWN: Final = 10_000
"""The most unknown ids that are remembered, so that hostile records do not fill the memory."""


class Registry:
    """Fetches each schema and each id once. It does not request an unknown id again for half a minute.

    Records name ids of their writer's choosing: without that pause, hostile records could cause any number of requests.
    """

    def __init__(self, address: str, access: RegistryAccess | None = None) -> None:
        """Prepare a client; nothing is requested yet.

        Raises:
            RegistrySettingsError: the access or the address can't be used.
        """
        access = access or RegistryAccess()
        self._address = _without_credentials(address)
        if access.user is not None and self._address != address:
            raise RegistrySettingsError(
                f"The address of the schema registry, {self._address}, has a user in it, and a user is set: set only one."
            )
        settings = {"url": address, "timeout": SECONDS, **access.client_settings()}
        self._client = SchemaRegistryClient.new_client(settings)
        self._unknown: dict[int, float] = {}

    def id_for(self, subject: str, schema: Schema) -> int:
        """The id of this schema. It is registered under the subject where it is not yet.

        Raises:
            RegistryUnavailableError: the registry does not answer, or refuses the schema.
        """
        try:
            return int(self._client.register_schema(subject, RegisteredSchema(json.dumps(schema), "AVRO")))
        except Exception as error:  # the client lets through all errors of its HTTP library and of parsing the answer
            raise self._unavailable(f"did not take {subject}", error) from error

    def schema_for(self, schema_id: int) -> Schema:
        """The schema of an id.

        Raises:
            LookupError: the registry does not know it.
            RegistryUnavailableError: the registry does not answer, or refuses to.
        """
        if time.monotonic() - self._unknown.get(schema_id, float("-inf")) < FORGET_UNKNOWN_AFTER:
            raise LookupError(f"the registry at {self._address} did not know it a moment ago")
        try:
            text = self._client.get_schema(schema_id).schema_str
        except Exception as error:  # as above
            if not isinstance(error, SchemaRegistryError) or error.error_code not in NOT_KNOWN:
                raise self._unavailable("does not tell", error) from error
            if len(self._unknown) > MAX_UNKNOWN:
                self._unknown.clear()
            self._unknown[schema_id] = time.monotonic()
            raise LookupError(f"the registry at {self._address} does not know it") from error
        schema: Schema = json.loads(text or "")
        return schema

    def _unavailable(self, failure: str, error: Exception) -> RegistryUnavailableError:
        why: object = tls_fault(error) or type(error).__name__
        if isinstance(error, SchemaRegistryError):
            why = f"{error}{' Check its user and password' if error.http_status_code in REFUSED else ''}"
        return RegistryUnavailableError(f"The schema registry at {self._address} {failure}: {why}.")


def _without_credentials(address: str) -> str:
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
