"""The integrations in force of all clients, folded from the records of ``vive.integration``."""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from schemas.integration_copies import IntegrationCopy, in_force
from schemas.message import Identifier
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.partitioning import partition_of

_identifier: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


def read_copy(record: Any, codec: Codec, *, partitions: int) -> IntegrationCopy:
    """Read a record (anything with partition, timestamp, key, value) of a topic with so many partitions.

    A value that can't be read is a copy too. The timestamp is Kafka's, in milliseconds since 1970.

    Raises:
        UndecodableError: the key is no client's id, so the record concerns nobody.
        RegistryUnavailableError: the registry does not return the record's schema now.
    """
    key = record.key or b""
    try:
        client_id = _identifier.validate_python(key.decode())
    except (UnicodeDecodeError, ValidationError):
        raise UndecodableError("The record's key is no client's id.") from None
    content: KnownIntegration = None
    if record.value is not None:
        try:
            content = codec.decode_keyed(Integration, key, record.value)
        except UndecodableError as error:
            content = UnreadableIntegration(code=error.code, reason=error.reason)
    return IntegrationCopy(
        client_id=client_id,
        partition=record.partition,
        own=partition_of(key, partitions) == record.partition,
        written_at=record.timestamp,
        content=content,
    )


class ClientIntegrations:
    """The integrations in force by client, folded from the records of ``vive.integration`` in each partition's order."""

    def __init__(self) -> None:
        self._copies: dict[str, dict[int, IntegrationCopy]] = {}
        self._in_force: dict[str, Integration | UnreadableIntegration] = {}

    def get(self, client_id: str) -> KnownIntegration:
        """The client's integration in force."""
        return self._in_force.get(client_id)

    def take(self, copy: IntegrationCopy) -> bool:
        """Take a copy in, and return whether another integration is in force now."""
        before = self.get(copy.client_id)
        copies = self._copies.setdefault(copy.client_id, {})
        copies[copy.partition] = copy
        now = in_force(copies.values())
        if now is None:
            self._in_force.pop(copy.client_id, None)
        else:
            self._in_force[copy.client_id] = now
        return now != before
