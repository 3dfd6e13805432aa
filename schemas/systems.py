"""The accounting systems that VIVE syncs with: their names in integrations, and the names that people read."""

from collections.abc import Mapping
from typing import Final

VANTACA: Final = "vantaca"

DISPLAY_NAMES: Final[Mapping[str, str]] = {VANTACA: "Vantaca"}
"""By the name of a system in integrations (``Integration.system``)."""


def display_name(system: str | None) -> str:
    """The name of an accounting system in a sentence.

    Args:
        system: its name in integrations. An unknown one is returned as it is; None, of a client without an integration,
            is "The accounting system".
    """
    return "The accounting system" if system is None else DISPLAY_NAMES.get(system, system)
