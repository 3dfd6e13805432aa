"""What no retry will mend, with the reason and the original bytes."""

from typing import ClassVar

from schemas.message import Message, Timestamp


class DeadLetter(Message):
    """A record that could not be read, or a vendor that could not be synced."""

    SCHEMA: ClassVar[str] = "dead_letter"

    client_id: str | None = None
    vendor_id: str | None = None
    run_id: str | None = None
    code: str
    """Why, for programs: ``undecodable``, ``invalid``, ``rejected``, ``missing``, ``bug``, ``gave_up``."""
    reason: str
    trace: str | None = None
    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    attempts: int = 0
    at: Timestamp
