"""What a person did with a dead letter: a record of its own, since the letter is never changed."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from schemas.message import Message, Timestamp
from schemas.records.dead_letter import LETTER_ID_PATTERN


class Action(StrEnum):
    """What became of a letter."""

    REDRIVEN = "redriven"
    """It was said again: its vendor is to be synced, or its record lies on its topic once more."""
    DISCARDED = "discarded"
    """Nothing is to follow from it."""


class DeadLetterHandled(Message):
    """A letter was redriven or discarded. Where there are several of one letter, the last one says what it is."""

    SCHEMA: ClassVar[str] = "dead_letter_handled"

    letter_id: Annotated[str, StringConstraints(pattern=LETTER_ID_PATTERN)]
    letter_topic_id: str
    """Kafka's id of the topic ``vive.dead-letter``: a letter of another life of the topic has the same ids."""
    action: Action
    by: str
    note: str = ""
    at: Timestamp
    topic: str | None = None
    """Where it was said again, with ``partition`` and ``offset``; None when it was discarded."""
    partition: int | None = Field(default=None, ge=0, le=2**31 - 1)
    offset: int | None = None
