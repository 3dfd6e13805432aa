"""Where each page of a client is."""

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
        """Where the button's form goes."""
        return f"{self.home}/sync"

    def run(self, run_id: str) -> str:
        """A run's page."""
        return f"{self.home}/runs/{run_id}"

    def pressed(self, run_id: str) -> str:
        """The settings page just after a press."""
        return f"{self.home}?pressed={run_id}"

    def progress(self, run_id: str) -> str:
        """The stream of a run's progress."""
        return f"/clients/{self.client_id}/sync-runs/{run_id}/progress"

    def vendor(self, vendor_id: str) -> str:
        """A vendor's page."""
        return f"{self.home}/vendors/{vendor_id}"

    @property
    def letters(self) -> str:
        """The dead letters."""
        return f"{self.home}/dead-letters"

    def letter(self, letter_id: str) -> str:
        """A dead letter's page."""
        return f"{self.letters}/{letter_id}"

    def redrive(self, letter_id: str) -> str:
        """Where the form goes that redrives a dead letter."""
        return f"{self.letter(letter_id)}/redrive"

    def redriven(self, letter_id: str) -> str:
        """The settings page just after a dead letter was redriven."""
        return f"{self.home}?again={letter_id}"
