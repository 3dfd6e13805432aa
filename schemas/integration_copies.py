"""Which of a client's integrations is in force, where several partitions hold a copy of it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from schemas.records.integration import Integration, KnownIntegration, UnreadableIntegration


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
