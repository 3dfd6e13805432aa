"""Samples the worker at intervals, and ends it when a stall check fails."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

from processors.config import WorkerConfig
from processors.stalled import StalledError
from processors.watchdog import conditions
from processors.watchdog.worker_sample import WorkerSample

LOOKS: Final = 12
"""Samples within one stall timeout."""
COMMITS: Final = 5
"""The number of commits that may fail, or not be due yet, before their absence is a stall."""


@dataclass(frozen=True, kw_only=True)
class StallTimeouts:
    """Seconds after which missing progress of each kind is a stall."""

    work: float
    commits: float
    rebalance: float

    @classmethod
    def of(cls, config: WorkerConfig) -> Self:
        """The configured time, and more where the worker's other settings allow it to take longer."""
        return cls(
            work=config.stall_seconds,
            commits=max(config.stall_seconds, COMMITS * config.commit_interval),
            rebalance=config.stall_seconds + config.rebalance_timeout,
        )


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """Watches over the work, its commits and its recovery.

    ``sample`` makes a sample, whose ``at`` is set here. ``explain`` returns the partitions whose oldest unfinished record
    waits for its turn or an answer; it is expensive, and called only when a partition makes no progress.
    """

    sample: Callable[[], Awaitable[WorkerSample]]
    explain: conditions.Explain
    monotonic: Callable[[], float]
    timeouts: StallTimeouts
    _before: list[WorkerSample] = field(default_factory=list)

    async def run(self) -> None:
        """Sample and check twelve times within a stall timeout, until cancelled.

        Raises:
            StalledError: a check found a stall.
        """
        interval = self.timeouts.work / LOOKS
        at, looked = 0.0, self.monotonic()
        while True:
            await asyncio.sleep(interval)
            now = await self.sample()
            # The time for which a process was suspended does not count.
            at, looked = at + min(self.monotonic() - looked, 2 * interval), self.monotonic()
            self._judge(replace(now, at=at))

    def _judge(self, now: WorkerSample) -> None:
        before = self._before
        now = conditions.looked_into(before, now, self.explain, stall_timeout=self.timeouts.work)
        wrong = next(self._wrong(now), None)
        if wrong is not None:
            raise StalledError(f"{wrong} The worker ends so that it can be started anew.")
        before.append(now)
        longest = max(self.timeouts.work, self.timeouts.commits, self.timeouts.rebalance)
        while len(before) > 1 and now.at - before[1].at >= longest:
            del before[0]

    def _wrong(self, now: WorkerSample) -> Iterator[str]:
        work = self.timeouts.work
        for sentence in (
            conditions.agent_ended(now),
            conditions.not_recovering(self._before, now, stall_timeout=work),
            conditions.not_rebalancing(self._before, now, stall_timeout=self.timeouts.rebalance),
            conditions.standstill(self._before, now, stall_timeout=work),
            conditions.unread(self._before, now, stall_timeout=work),
            conditions.unfinished(self._before, now, stall_timeout=work),
            conditions.uncommitted(self._before, now, stall_timeout=self.timeouts.commits),
        ):
            if sentence is not None:
                yield sentence
