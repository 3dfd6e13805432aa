"""Base classes and types of the records."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""A client's, vendor's or run's id: 1 to 128 letters, digits and ``. _ @ + -``, so that it can stand in a key and a path."""

Timestamp = AwareDatetime
"""A point in time with its zone; on the wire milliseconds since 1970 in UTC."""


class Part(BaseModel):
    """An immutable value inside a message."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Part):
    """A record on a topic. ``SCHEMA`` names its ``.avsc``; the field names are the same."""

    SCHEMA: ClassVar[str]
    LARGEST: ClassVar[int] = 16 * 1024 * 1024
    """The most bytes on the wire of a record that is read: records that follow from it must fit into Kafka's limit too."""


class KeyedMessage(Message):
    """A record whose key on its topic follows from its value."""

    KEY_NAMES: ClassVar[str]
    """The thing that the key names, in a sentence: ``vendor`` or ``client``."""

    @property
    @abstractmethod
    def record_key(self) -> bytes:
        """The key on the topic."""
