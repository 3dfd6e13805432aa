"""The epoch of a row: which owner of its partition wrote it, in an order that the changelog itself proves."""

from typing import Final, NamedTuple, Self

from schemas.wire.partitioning import Headers

HEADER: Final = "owner-epoch"


class RowEpoch(NamedTuple):
    """Orders the owners of a partition: a row of a lower epoch than a row before it in the changelog came too late.

    A worker that was stopped for longer than its session still has rows in its producer when it goes on. They land behind
    the rows of the partition's next owner, although they are older.
    """

    era: int
    """How often the consumer group was deleted: its generations then begin at 1 again."""
    generation: int
    """The generation of the consumer group in which the owner was given the partition; the brokers only ever raise it."""

    def of_next_owner(self, generation: int) -> "RowEpoch":
        """The epoch of the owner in this generation of the group, where this is the newest epoch in the changelog.

        The caller must be a member of that generation after it has read the changelog: a lower generation than the newest
        one then proves that the group was deleted in between.
        """
        return RowEpoch(self.era + (generation < self.generation), generation)

    def headers(self) -> dict[str, str | bytes | None]:
        """The headers of a row of this epoch."""
        return {HEADER: f"{self.era}.{self.generation}"}

    @classmethod
    def of_headers(cls, headers: Headers) -> Self | None:
        """The epoch of a row by its headers; None where they name none, as in rows of ``vive-sync table repair``."""
        value = dict(headers or ()).get(HEADER, b"")
        try:
            era, generation = map(int, value.split(b"."))
        except ValueError:
            return None
        return cls(era, generation)


FIRST: Final = RowEpoch(0, 0)
"""Below the epoch of every row."""
