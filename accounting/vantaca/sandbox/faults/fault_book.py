"""The faults in force, and the decision which of them strikes a call."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounting.vantaca.sandbox.faults.faults import Fault, Latency, RateLimit


@dataclass(slots=True, eq=False)
class ActiveFault:
    """A fault in force: how often it may still strike, and a rate limit's bucket of permits."""

    fault: Fault
    remaining: int | None
    permits: float = 0.0
    filled_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """The effect of the faults on one call: seconds to wait first, then at most one fault, with a 429's Retry-After."""

    delay: float = 0.0
    name: str | None = None
    active: ActiveFault | None = field(default=None, repr=False)
    retry_after: int | None = None

    @property
    def fault(self) -> Fault | None:
        """The fault to play, or None."""
        return self.active.fault if self.active is not None else None


_NOTHING = Strike()


class FaultBook:
    """The faults in force, by name, tried in the order in which they were added.

    Latencies add up; the first other fault that strikes decides, and those after it are not tried.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._active: dict[str, ActiveFault] = {}

    def put(self, name: str, fault: Fault) -> None:
        """Put a fault in force. It replaces one of the same name."""
        self._active.pop(name, None)
        self._active[name] = ActiveFault(fault, fault.calls)

    def remove(self, name: str) -> None:
        """Switch a fault off. Raise KeyError for an unknown name."""
        del self._active[name]

    def clear(self) -> None:
        """Switch all faults off."""
        self._active.clear()

    @property
    def faults(self) -> Mapping[str, tuple[Fault, int | None]]:
        """Each fault with the number of times it may still strike; one that is used up stays listed, with 0."""
        return {name: (active.fault, active.remaining) for name, active in self._active.items()}

    def in_force(self, strike: Strike) -> bool:
        """Whether the fault that struck is still in force, used up or not."""
        return strike.name is not None and self._active.get(strike.name) is strike.active

    def strike(self, *, company: str, path: str, now: float) -> Strike:
        """Decide what happens to a call that comes in at `now`, in seconds of any steady clock."""
        if not self._active:
            return _NOTHING
        delay = 0.0
        for name, active in self._active.items():
            fault = active.fault
            if not self._in_scope(active, company, path):
                continue
            retry_after: int | None = None
            if isinstance(fault, RateLimit):
                retry_after = _take_permit(active, fault, now)
                if retry_after is None:
                    continue
            if active.remaining is not None:
                active.remaining -= 1
            if not isinstance(fault, Latency):
                return Strike(delay=delay, name=name, active=active, retry_after=retry_after)
            delay += self._rng.uniform(fault.min_seconds, fault.max_seconds)
        return Strike(delay=delay)

    def _in_scope(self, active: ActiveFault, company: str, path: str) -> bool:
        fault = active.fault
        return (
            active.remaining != 0
            and fault.company in {None, company}
            and path.lower().startswith(fault.path.lower())
            and (fault.rate == 1.0 or self._rng.random() < fault.rate)
        )


def _take_permit(active: ActiveFault, limit: RateLimit, now: float) -> int | None:
    if active.filled_at is None:
        active.permits = limit.capacity
    else:
        grown = active.permits + (now - active.filled_at) * limit.per_second
        active.permits = min(limit.capacity, grown)
    active.filled_at = now
    if active.permits >= 1.0:
        active.permits -= 1.0
        return None
    if limit.retry_after_seconds is not None:
        return limit.retry_after_seconds
    return math.ceil((1.0 - active.permits) / limit.per_second)
