"""The log and the counters of the calls to a sandbox."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from accounting.vantaca.sandbox.wire_model import WireModel


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """One finished call.

    at: when it came in, in seconds since 1970, UTC.
    parameters: query and body by lower-case name, credentials removed.
    status: what was answered; None where no whole answer was sent (dropped, hung or cut).
    fault: name of the fault that decided the answer, or None.
    """

    at: float
    company: str
    method: str
    path: str
    parameters: Mapping[str, object]
    status: int | None
    fault: str | None


class Counters(WireModel):
    """Exact counts since the log was last cleared.

    A call counts as it comes in, and in `by_status` as it ends (`none` where no whole answer was sent).
    It is in flight from when its request was read until its answer is made up, waiting by a fault included.
    """

    total: int
    by_path: dict[str, int]
    by_company: dict[str, int]
    by_status: dict[str, int]
    by_company_and_path: dict[str, dict[str, int]]
    in_flight: int
    most_in_flight: int
    most_in_flight_by_company: dict[str, int]


class CallLog:
    """Every call counted, and the last `capacity` of them kept in full."""

    def __init__(self, capacity: int = 200_000) -> None:
        self._calls: deque[LoggedCall] = deque(maxlen=capacity)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._statuses: Counter[int | None] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._most_by_company: Counter[str] = Counter()
        self._now_in_flight = 0
        self._most_in_flight = 0

    @property
    def calls(self) -> list[LoggedCall]:
        """The kept calls in the order in which they ended."""
        return list(self._calls)

    def begin(self, company: str, path: str) -> None:
        """Count a call that came in; `end` must follow."""
        self._counts[company, path] += 1
        self._now_in_flight += 1
        self._in_flight[company] += 1
        self._most_in_flight = max(self._most_in_flight, self._now_in_flight)
        self._most_by_company[company] = max(self._most_by_company[company], self._in_flight[company])

    def end(self, call: LoggedCall) -> None:
        """Keep a call that began earlier."""
        self._now_in_flight -= 1
        self._in_flight[call.company] -= 1
        if not self._in_flight[call.company]:
            del self._in_flight[call.company]
        self._statuses[call.status] += 1
        self._calls.append(call)

    def clear(self) -> None:
        """Forget calls and counts; what is in flight stays so and is the new most."""
        self._calls.clear()
        self._counts.clear()
        self._statuses.clear()
        self._most_in_flight = self._now_in_flight
        self._most_by_company = Counter(self._in_flight)

    def count(self, path: str | None = None, *, company: str | None = None) -> int:
        """Calls of this path and this company, of all where not given."""
        return sum(
            calls
            for (its_company, its_path), calls in self._counts.items()
            if path in {None, its_path} and company in {None, its_company}
        )

    def counters(self) -> Counters:
        """All counts as they are now."""
        by_path: Counter[str] = Counter()
        by_company: Counter[str] = Counter()
        nested: dict[str, dict[str, int]] = {}
        for (company, path), calls in self._counts.items():
            by_path[path] += calls
            by_company[company] += calls
            nested.setdefault(company, {})[path] = calls
        return Counters(
            total=by_path.total(),
            by_path=dict(by_path),
            by_company=dict(by_company),
            by_status={"none" if status is None else str(status): calls for status, calls in self._statuses.items()},
            by_company_and_path=nested,
            in_flight=self._now_in_flight,
            most_in_flight=self._most_in_flight,
            most_in_flight_by_company=dict(self._most_by_company),
        )
