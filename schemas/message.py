"""What every record on a topic has in common."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$")]
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
    """Bytes on the wire beyond which a record is not read: what follows from it has to fit into a record of Kafka's too."""
