"""The addresses of a client's pages."""

from dataclasses import dataclass
from typing import Final

ACCOUNTING: Final = "/accounting/{client}/vantaca"
"""The settings page, as a pattern of paths."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The paths of one client's pages. Ids are made of characters that need no escaping in a path."""

    client_id: str

    @property
    def home(self) -> str:
        """The settings page."""
        return ACCOUNTING.format(client=self.client_id)

    @property
    def sync(self) -> str:
        """The address of the button's form."""
        return f"{self.home}/sync"

    def run(self, run_id: str) -> str:
        """A run's page."""
        return f"{self.home}/runs/{run_id}"

    def requested(self, run_id: str) -> str:
        """The settings page just after a press."""
        return f"{self.home}?pressed={run_id}"

    def progress(self, run_id: str) -> str:
        """The stream of a run's progress."""
        return f"/clients/{self.client_id}/sync-runs/{run_id}/progress"

    def vendor(self, vendor_id: str) -> str:
        """A vendor's page."""
        return f"{self.home}/vendors/{vendor_id}"

    @property
    def dead_letters(self) -> str:
        """The dead letters."""
        return f"{self.home}/dead-letters"

    def dead_letter(self, letter_id: str) -> str:
        """A dead letter's page."""
        return f"{self.dead_letters}/{letter_id}"

    def redrive(self, letter_id: str) -> str:
        """The address of the form that redrives a dead letter."""
        return f"{self.dead_letter(letter_id)}/redrive"

    def redriven(self, letter_id: str) -> str:
        """The settings page just after a dead letter was redriven."""
        return f"{self.home}?again={letter_id}"
