"""What a stress has seen; plain data."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One thing that was done to the workers, and the seconds until all was worked again; None: it never was."""

    group: str
    """Counted together in the last line, such as ``rebalances``."""
    what: str
    seconds: float | None
    counted: bool = True
    """Whether the last line counts it; what is done between two of them is not counted, and can hang as well."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A process that ended by itself."""

    name: str
    code: int | None
    said: str
    """The line of its log that says why."""


@dataclass(kw_only=True)
class Observations:
    """Everything that was seen."""

    trials: list[Trial] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    restarts: list[Ended] = field(default_factory=list)
    """Processes that ended by themselves where that is allowed, and were started again."""
    wrong: list[str] = field(default_factory=list)
    """Sentences on what was lost, doubled or not as it must be."""
    figures: list[str] = field(default_factory=list)
    """Sentences with figures that are neither good nor bad."""
