"""A dead letter with everything that people did with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter, ValidationError

from schemas.message import Identifier
from schemas.records.dead_letter import FOREIGN_PARTITION, DeadLetter, LetterId
from schemas.records.dead_letter_handled import Action, DeadLetterHandled
from schemas.records.vendor_key import VendorKey
from schemas.topics import ALL, VENDOR_SYNC

KEYED_BY_CLIENT: Final = frozenset(topic.name for topic in ALL if topic.key == "client_id")
_identifier: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


class DeadLetterState(StrEnum):
    """The state of a letter. An ``open`` one needs a person."""

    OPEN = "open"
    REDRIVEN = Action.REDRIVEN.value
    DISCARDED = Action.DISCARDED.value


@dataclass(frozen=True, kw_only=True)
class DeadLetterHistory:
    """A letter and the records of its handling, oldest first."""

    id: LetterId
    content: DeadLetter
    handled: tuple[DeadLetterHandled, ...] = ()

    @property
    def state(self) -> DeadLetterState:
        """The state after its last handling."""
        return DeadLetterState(self.handled[-1].action.value) if self.handled else DeadLetterState.OPEN

    @property
    def vendor(self) -> VendorKey | None:
        """The vendor that the key of its record names; None where it names none."""
        try:
            return VendorKey.from_bytes(self.content.key)
        except ValueError:
            return None

    @property
    def client_id(self) -> str | None:
        """The client of its record, which may be a record of a client or of a vendor; None where it names none."""
        if self.content.client_id is not None or self.content.topic not in KEYED_BY_CLIENT:
            return self.content.client_id
        try:
            return _identifier.validate_python((self.content.key or b"").decode())
        except (UnicodeDecodeError, ValidationError):
            return None

    @property
    def of_unsynced_vendor(self) -> bool:
        """Whether it reports a vendor that could not be synced, and not a record that could not be read."""
        content = self.content
        return content.topic == VENDOR_SYNC.name and content.value is None and content.code != FOREIGN_PARTITION
