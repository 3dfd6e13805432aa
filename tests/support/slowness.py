"""How much slower than a developer's idle machine this one is: ``VIVE_SYNC_TEST_SLOWNESS``, 1 unless set."""

import math
import os
from functools import cache

VARIABLE = "VIVE_SYNC_TEST_SLOWNESS"


class SlownessError(ValueError):
    """The variable does not hold a number from 1 on."""


def patient(seconds: float) -> float:
    """An upper bound on waiting, in any unit of time, made as much longer as this machine is slower.

    For bounds that a test gives up at only. What a test lets pass on purpose (the length of a fault, the latency of a
    sandbox, a pause of the product) stays as it is.

    Raises:
        SlownessError: the variable is not a number from 1 on.
    """
    return seconds * _slowness()


@cache
def _slowness() -> float:
    return slowness_in(os.environ.get(VARIABLE, "1"))


def slowness_in(text: str) -> float:
    """The factor that a value of the variable stands for.

    Raises:
        SlownessError: it is not a number from 1 on.
    """
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 1 <= factor < math.inf:
        raise SlownessError(
            f"{VARIABLE} is {text!r}. Set it to a number from 1 on, such as 4 on a busy machine, or unset it."
        )
    return factor
