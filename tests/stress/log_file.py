"""The end of a process's log."""

import re
from pathlib import Path
from typing import Final

TAIL_LINES: Final = 25
TIMESTAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of the log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def last_words(log: Path) -> str:
    """The line of the log that says why its process ended, as far as one does; without its time."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    said = [line for line in lines if " CRITICAL " in line]
    return TIMESTAMP.sub("", (said or lines or ["(the log is empty)"])[-1])
