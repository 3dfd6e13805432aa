"""The state of a worker at one moment, for the watchdog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from processors.transport.offset_ledger import Standing


@dataclass(frozen=True, kw_only=True)
class WorkerSample:
    """One sample. Its counters grow or change whenever the worker makes progress, so two samples show any progress between."""

    at: float = 0.0
    """Seconds of watching: time in which the watchdog itself was suspended is left out."""
    kafka: bool
    """Whether Kafka answered just before, and accepted the records to be written."""
    assigned: bool = True
    """Whether the group has given this worker partitions."""
    generation: int = 0
    """The group's generation: it grows with every rebalance."""
    rebalancing: bool = False
    reading: bool = True
    """Whether the worker reads records: partitions are assigned and their rows are recovered."""
    rows: int = 0
    """Changes while rows are recovered."""
    steps: int = 0
    """The number of times that a call to an accounting system began, made progress or ended."""
    waiting: bool = False
    """Whether the worker waits for something outside: an answer within its time limit, the time of a retry, or a schema."""
    partitions: Mapping[TP, Standing] = field(default_factory=dict)
    """The position of each partition that the agents read."""
    ends: Mapping[TP, int] = field(default_factory=dict)
    """The partitions' ends, from the brokers just before."""
    accounted: frozenset[TP] = frozenset()
    """Of the partitions without progress: those whose oldest unfinished record the queue accounts for."""
    hanging: frozenset[TP] = frozenset()
    """Of the partitions without progress: those without a known reason."""
    ended_agents: tuple[str, ...] = ()
    """Agents of which a task has ended though the worker runs."""

    @property
    def unfinished(self) -> int:
        """The number of records that were read and are not finished."""
        return sum(standing.unfinished for standing in self.partitions.values())

    @property
    def progress(self) -> tuple[Any, ...]:
        """A value that differs between two samples exactly when there was progress; a commit is none."""
        places = {tp: (at.read_to, at.finished_to, at.unfinished) for tp, at in self.partitions.items()}
        return (self.generation, self.steps, self.rows, places)
