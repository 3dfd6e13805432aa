"""A dead letter as it stands: what it says, and what people did with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter, ValidationError

from schemas.message import Identifier
from schemas.records.dead_letter import DeadLetter, LetterId
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.vendor_key import VendorKey
from schemas.topics import ALL, VENDOR_SYNC

KEYED_BY_CLIENT: Final = frozenset(topic.name for topic in ALL if topic.key == "client_id")
_identifier: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


class DeadLetterState(StrEnum):
    """What is to be done about a letter: something while it is ``open``."""

    OPEN = "open"
    REDRIVEN = Action.REDRIVEN.value
    DISCARDED = Action.DISCARDED.value


@dataclass(frozen=True, kw_only=True)
class DeadLetterHistory:
    """A letter and all that was done with it, oldest first."""

    id: LetterId
    content: DeadLetter
    handled: tuple[DeadLetterHandled, ...] = ()

    @property
    def state(self) -> DeadLetterState:
        """As the last one who handled it left it."""
        return DeadLetterState(self.handled[-1].action.value) if self.handled else DeadLetterState.OPEN

    @property
    def vendor(self) -> VendorKey | None:
        """The vendor that its record's key names; None when it names none."""
        try:
            return VendorKey.from_bytes(self.content.key)
        except ValueError:
            return None

    @property
    def client_id(self) -> str | None:
        """The client, also where the record was one of a client and not of a vendor."""
        if self.content.client_id is not None or self.content.topic not in KEYED_BY_CLIENT:
            return self.content.client_id
        try:
            return _identifier.validate_python((self.content.key or b"").decode())
        except (UnicodeDecodeError, ValidationError):
            return None

    @property
    def of_unsynced_vendor(self) -> bool:
        """Whether a vendor could not be synced; else a record could not be read."""
        return self.content.topic == VENDOR_SYNC.name and self.content.value is None
