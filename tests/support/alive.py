"""Whether a process still runs."""

from pathlib import Path


def alive(pid: int) -> bool:
    """False for one that has ended and was not waited for, too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
