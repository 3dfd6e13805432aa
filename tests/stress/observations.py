"""What a stress has seen; plain data."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One thing that was done to the workers, and the seconds until all was worked again; None: it never was."""

    group: str
    """Counted together in the last line, such as ``rebalances``."""
    what: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A worker that ended by itself."""

    name: str
    code: int | None
    said: str
    """The line of its log that says why."""
    log: str
    """The end of its log."""


@dataclass(kw_only=True)
class Observations:
    """Everything that was seen."""

    trials: list[Trial] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Sentences on what was lost, doubled or not as it must be."""
    figures: list[str] = field(default_factory=list)
    """Sentences with figures that are neither good nor bad."""
