"""The person who makes a request, by the claims of a valid token."""

from dataclasses import dataclass
from datetime import datetime

from producers.button import CLIENT_ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person of one client. ``person`` is the id that the issuer of tokens knows the person by."""

    person: str
    client_id: str
    roles: frozenset[str]
    name: str = ""
    until: datetime | None = None
    """When the token ends, in UTC; None where that is unknown."""

    @property
    def is_client_admin(self) -> bool:
        """Whether the person may press the button, and look."""
        return CLIENT_ADMIN in self.roles

    @property
    def display_name(self) -> str:
        """The person's name on a page."""
        return self.name or self.person

    @property
    def signature(self) -> str:
        """How records name the person: the id, which is unique, and the name where there is one."""
        return self.person if self.name in {"", self.person} else f"{self.name} ({self.person})"
