"""Whether a revision may cost the CPU time that it was measured to cost. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_RATIO: Final = 1.05
TOO_SLOW: Final = 3
"""The exit code for a median above ``MAX_RATIO``; 2 is left for a comparison that could not be made."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The median of the ratios, and the exit code that follows from it."""

    median: float
    exit_code: int


def verdict_of(ratios: Sequence[float]) -> Verdict:
    """The verdict on the ratios HEAD/BASE of the pairs.

    Raises:
        ValueError: there is no ratio.
    """
    if not ratios:
        raise ValueError("There is no pair to judge.")
    median = statistics.median(ratios)
    return Verdict(median=median, exit_code=TOO_SLOW if median > MAX_RATIO else 0)
