"""The handling of a dead letter by a person: a record of its own, since the letter never changes."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.message import Message, Timestamp
from schemas.records.dead_letter import LETTER_ID_PATTERN


class Action(StrEnum):
    """The handling of a letter."""

    REDRIVEN = "redriven"
    """Its vendor is to be synced, or its record was produced to its topic again."""
    DISCARDED = "discarded"
    """Nothing is to follow from it."""


class DeadLetterHandled(Message):
    """A letter was redriven or discarded. Of several records about one letter the last one counts."""

    SCHEMA: ClassVar[str] = "dead_letter_handled"

    letter_id: Annotated[str, StringConstraints(pattern=LETTER_ID_PATTERN)]
    letter_topic_id: str
    """Kafka's id of the topic ``vive.dead-letter``: after the topic was created anew, letters have the same ids again."""
    action: Action
    by: str
    note: str = ""
    at: Timestamp
    topic: str | None = None
    """The topic of the record that was produced, with ``partition`` and ``offset``; None when it was discarded."""
    partition: int | None = Field(default=None, ge=0, le=2**31 - 1)
    offset: int | None = None
