"""Looks at the worker every now and then, and ends it when something is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

from processors.config import WorkerConfig
from processors.stalled import StalledError
from processors.watchdog import conditions
from processors.watchdog.worker_sample import WorkerSample

LOOKS: Final = 12
"""How often to look within one patience."""
COMMITS: Final = 5
"""How many commits may fail, or not be due yet, before they are missed."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds after which each is a fault."""

    work: float
    commits: float
    rebalance: float

    @classmethod
    def of(cls, config: WorkerConfig) -> Self:
        """The one that is set, and longer where the worker is set to take longer itself."""
        return cls(
            work=config.stall_seconds,
            commits=max(config.stall_seconds, COMMITS * config.commit_interval),
            rebalance=config.stall_seconds + config.rebalance_timeout,
        )


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """Watches over the work, its commits and its recovery.

    ``sample`` makes an observation; its ``at`` is set here. ``explain`` says which partitions' oldest unfinished record waits for
    its turn or an answer; it is dear, and asked when a partition does not get on.
    """

    sample: Callable[[], Awaitable[WorkerSample]]
    explain: conditions.Explain
    monotonic: Callable[[], float]
    patience: Patience
    _before: list[WorkerSample] = field(default_factory=list)

    async def run(self) -> None:
        """Look twelve times within a patience, until cancelled.

        Raises:
            StalledError: a condition was met.
        """
        interval = self.patience.work / LOOKS
        at, looked = 0.0, self.monotonic()
        while True:
            await asyncio.sleep(interval)
            now = await self.sample()
            # A process that was stopped for a while has not stood still for so long.
            at, looked = at + min(self.monotonic() - looked, 2 * interval), self.monotonic()
            self._judge(replace(now, at=at))

    def _judge(self, now: WorkerSample) -> None:
        before = self._before
        now = conditions.looked_into(before, now, self.explain, patience=self.patience.work)
        wrong = next(self._wrong(now), None)
        if wrong is not None:
            raise StalledError(f"{wrong} The worker ends so that it can be started anew.")
        before.append(now)
        longest = max(self.patience.work, self.patience.commits, self.patience.rebalance)
        while len(before) > 1 and now.at - before[1].at >= longest:
            del before[0]

    def _wrong(self, now: WorkerSample) -> Iterator[str]:
        work = self.patience.work
        for sentence in (
            conditions.agent_ended(now),
            conditions.not_recovering(self._before, now, patience=work),
            conditions.not_rebalancing(self._before, now, patience=self.patience.rebalance),
            conditions.standstill(self._before, now, patience=work),
            conditions.unread(self._before, now, patience=work),
            conditions.unfinished(self._before, now, patience=work),
            conditions.uncommitted(self._before, now, patience=self.patience.commits),
        ):
            if sentence is not None:
                yield sentence
