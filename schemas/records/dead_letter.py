"""A failure that no retry can repair, with its reason and the original bytes."""

import re
from typing import ClassVar, Final, NamedTuple

from schemas.message import Message, Timestamp

LETTER_ID_PATTERN = r"^[0-9]{1,9}-[0-9]{1,18}$"


class LetterId(NamedTuple):
    """The position of a dead letter on ``vive.dead-letter``. As text ``partition-offset``, such as ``3-17``."""

    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> "LetterId":
        """Read an id.

        Raises:
            ValueError: the text has another form; the message names the right one.
        """
        if re.fullmatch(LETTER_ID_PATTERN, text, re.ASCII) is None:
            raise ValueError(f"{text!r} is not a dead letter's id: an id is PARTITION-OFFSET, such as 3-17.")
        partition, offset = text.split("-")
        return cls(int(partition), int(offset))

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


FOREIGN_PARTITION: Final = "foreign_partition"
"""Code of a record on a partition that its key does not belong to."""


class DeadLetter(Message):
    """A record that could not be read, or a vendor that could not be synced."""

    SCHEMA: ClassVar[str] = "dead_letter"

    client_id: str | None = None
    vendor_id: str | None = None
    run_id: str | None = None
    code: str
    """The reason for programs: ``undecodable``, ``invalid``, ``stale``, ``rejected``, ``missing``, ``bug``, ``gave_up``,
    ``foreign_partition``, or ``unconfirmed_deletions`` (too many vendors of the table have no record any more)."""
    reason: str
    trace: str | None = None
    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    cut: bool = False
    """Whether key or value were too large and are cut. The whole record is on its topic until its retention ends."""
    attempts: int = 0
    at: Timestamp
