"""What the watchdog sees of a worker at one look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from processors.transport.offset_ledger import Standing


@dataclass(frozen=True, kw_only=True)
class WorkerSample:
    """One look at a worker. Whatever counts grows or changes whenever the worker gets on, so two looks show what was between."""

    at: float = 0.0
    """When, in seconds of looking on: time in which the watchdog itself could not look is left out."""
    kafka: bool
    """Whether Kafka answered just before, and took what there was to write."""
    assigned: bool = True
    """Whether the group has given this worker partitions."""
    generation: int = 0
    """The group's: it grows with every rebalance."""
    rebalancing: bool = False
    reading: bool = True
    """Whether records flow: partitions are assigned and their rows are whole."""
    rows: int = 0
    """Changes while rows are recovered."""
    steps: int = 0
    """How often a call to an accounting system was begun, got on or ended."""
    waiting: bool = False
    """Whether something outside is waited for: the answer to a call within its time limit, or the time of a retry."""
    partitions: Mapping[TP, Standing] = field(default_factory=dict)
    """How far each partition is that streams read."""
    ends: Mapping[TP, int] = field(default_factory=dict)
    """Where partitions ended just before, as the brokers say."""
    accounted: frozenset[TP] = frozenset()
    """Of the partitions that had not got on for long: those whose oldest unfinished record is in good hands."""
    hanging: frozenset[TP] = frozenset()
    """And those of which nobody knows why."""
    ended_agents: tuple[str, ...] = ()
    """Agents of which a task has ended though the worker runs."""

    @property
    def unfinished(self) -> int:
        """Records that were delivered and are not finished."""
        return sum(standing.unfinished for standing in self.partitions.values())

    @property
    def progress(self) -> tuple[Any, ...]:
        """Differs between two looks exactly when something was done between them; a commit is nothing done."""
        places = {tp: (at.read_to, at.finished_to, at.unfinished) for tp, at in self.partitions.items()}
        return (self.generation, self.steps, self.rows, places)
