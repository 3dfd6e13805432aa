"""The port to a schema registry."""

from typing import Protocol

from schemas.wire.record_schema import Schema


class SchemaIds(Protocol):
    """A schema registry: ids for schemas and schemas for ids."""

    def id_for(self, subject: str, schema: Schema) -> int:
        """The id of this schema of this subject. It is registered where it is not yet."""

    def schema_for(self, schema_id: int) -> Schema:
        """The schema of an id.

        Raises:
            LookupError: the registry does not know it.
            RegistryUnavailableError: the registry does not answer, or refuses to.
        """
