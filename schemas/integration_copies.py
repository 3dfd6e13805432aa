"""The integration in force of each client, where several partitions hold a copy of it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from schemas.message import Identifier
from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration
from schemas.wire.codec import Codec, UndecodableError
from schemas.wire.partitioning import partition_of

_identifier: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


class IntegrationRecord(Protocol):
    """A record of ``vive.integration``; ``timestamp`` is Kafka's, in milliseconds since 1970."""

    @property
    def partition(self) -> int:
        """The partition that holds it."""
        ...

    @property
    def timestamp(self) -> int:
        """Kafka's time of the record."""
        ...

    @property
    def key(self) -> bytes | None:
        """Its key."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its value; None for a tombstone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationCopy:
    """The newest record of a client's key on one partition; ``content`` is None for a tombstone."""

    client_id: str
    partition: int
    own: bool
    """Whether the key belongs on this partition. A producer with another partitioner writes to others."""
    written_at: int
    """The record's timestamp in Kafka, in milliseconds since 1970."""
    content: KnownIntegration

    def notes(self) -> list[str]:
        """Sentences about the record for the log: a person should correct something, though it can be read."""
        notes = []
        if not self.own:
            what = "A tombstone" if self.content is None else "A record"
            rest = (
                "It ends no copy on another partition."
                if self.content is None
                else "Remove this record with a tombstone on the same partition."
            )
            notes.append(
                f"{what} of client {self.client_id}'s integration is on partition {self.partition}, where its key does not "
                f"belong: its producer must use the partitioner murmur2_random. {rest}"
            )
        if isinstance(self.content, Integration) and (unknown := self.content.unknown_pushes):
            notes.append(
                f"The integration of client {self.client_id} pushes {len(unknown)} field groups that VIVE does not know "
                f"(the first is {unknown[0][:40]!r}): they are left out."
            )
        return notes


def read_copy(record: IntegrationRecord, codec: Codec, *, partitions: int) -> IntegrationCopy:
    """Read a record of a topic with so many partitions. A value that can't be read is a copy too.

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


def in_force(copies: Collection[IntegrationCopy]) -> KnownIntegration:
    """Choose among the copies of one client, one a partition.

    - A tombstone removes the copy of its own partition. On the partition where the key belongs it ends the integration: copies
      elsewhere that were written before it end too.
    - A copy that can't be read is the newest word on the client until a good one is written after it.
    - Of good copies the one with the later ``updated_at`` is in force.
    """
    ended_at = max((copy.written_at for copy in copies if copy.own and copy.content is None), default=None)
    there = [copy for copy in copies if copy.content is not None and (ended_at is None or copy.written_at > ended_at)]
    unreadable = [copy for copy in there if isinstance(copy.content, UnreadableIntegration)]
    good = [(copy, copy.content) for copy in there if isinstance(copy.content, Integration)]
    if unreadable:
        newest = max(unreadable, key=lambda copy: (copy.written_at, copy.partition))
        if all(copy.written_at <= newest.written_at for copy, _ in good):
            return newest.content
    if not good:
        return None
    return max(good, key=lambda one: (one[1].updated_at, one[0].written_at, one[0].own, one[0].partition))[1]


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
