"""A clock that leaves out the time in which the process was suspended."""

from collections.abc import Callable


class SecondsSeen:
    """Counts the seconds between looks, each interval up to a limit, so that a suspended process does not seem stalled."""

    def __init__(self, monotonic: Callable[[], float], *, longest: float) -> None:
        """``longest``: the limit in seconds of one interval."""
        self._monotonic = monotonic
        self._longest = longest
        self._seen = 0.0
        self._looked = monotonic()

    def now(self) -> float:
        """Return the seconds counted until now; call it at every look."""
        now = self._monotonic()
        self._seen += min(now - self._looked, self._longest)
        self._looked = now
        return self._seen
