"""A clock for what is watched."""

from collections.abc import Callable


class SecondsSeen:
    """Counts the seconds in which somebody could look: a process that was stopped for a while has not stood still so long."""

    def __init__(self, monotonic: Callable[[], float], *, longest: float) -> None:
        """``longest``: the most seconds that count between two looks."""
        self._monotonic = monotonic
        self._longest = longest
        self._seen = 0.0
        self._looked = monotonic()

    def now(self) -> float:
        """Seconds seen until now; to be asked at every look."""
        now = self._monotonic()
        self._seen += min(now - self._looked, self._longest)
        self._looked = now
        return self._seen
