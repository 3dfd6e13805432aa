"""What breaks when: a pure function of a seed."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Everything that the suite breaks."""

    WORKER_KILLED = "worker killed"
    WORKER_STOPPED = "worker stopped"
    WORKER_FROZEN = "worker frozen for longer than its session"
    WORKER_JOINS = "worker joins"
    WORKER_LEAVES = "worker leaves"
    WORKER_DISK_FULL = "worker's disk full"
    CLOCK_JUMPS = "worker's clock jumps"
    KAFKA_STOPPED = "Kafka stopped and started"
    KAFKA_KILLED = "Kafka killed and started"
    KAFKA_FROZEN = "Kafka frozen"
    KAFKA_DISK_FULL = "Kafka's disk full"
    NODE_KILLED = "one of three Kafka nodes killed"
    NODE_STOPPED = "one of three Kafka nodes stopped"
    VANTACA_REFUSES = "connection to Vantaca refused"
    VANTACA_HANGS = "Vantaca hangs"
    VANTACA_HANGS_AFTER_WRITE = "Vantaca writes and hangs"
    VANTACA_RESETS = "connection to Vantaca reset"
    VANTACA_RESETS_AFTER_WRITE = "Vantaca writes and resets the connection"
    VANTACA_CUTS = "Vantaca's answer cut in the middle"
    VANTACA_SLOW = "Vantaca slow"
    VANTACA_500 = "Vantaca answers 500"
    VANTACA_503_AFTER_WRITE = "Vantaca writes and answers 503"
    VANTACA_429 = "Vantaca answers 429 with Retry-After"
    VANTACA_403 = "Vantaca answers 403"
    VANTACA_GARBAGE = "Vantaca answers garbage"
    VANTACA_PAGE = "Vantaca answers 200 with a page"
    VANTACA_HUGE = "Vantaca answers with a huge body"
    POISONED_RECORDS = "a poisoned record on every input topic"
    POISONED_CHANGELOG = "a poisoned changelog record"


ONE_NODE_ONLY: Final = frozenset({Fault.KAFKA_STOPPED, Fault.KAFKA_KILLED, Fault.KAFKA_FROZEN, Fault.KAFKA_DISK_FULL})
THREE_NODES_ONLY: Final = frozenset({Fault.NODE_KILLED, Fault.NODE_STOPPED})
ALONE: Final = ONE_NODE_ONLY | THREE_NODES_ONLY | {Fault.POISONED_CHANGELOG}
"""At most one of these at a time, the next once the one before is repaired: two would undo each other."""
CLUSTER_EVERY: Final = 4
"""Every fourth seed has three Kafka nodes."""
STRIKES: Final = 9
TURN: Final = 3
"""How many faults of a seed are taken in turn, so that few seeds strike with all of them."""
BEGIN: Final = (0.5, 20.0)
LAST: Final = (2.0, 6.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault, from ``at`` seconds after the first press, repaired ``seconds`` later. ``draw`` in [0, 1) picks its victim."""

    at: float
    seconds: float
    fault: Fault
    draw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What happens in one play. ``presses`` and ``changes`` are seconds after the first press.

    Before each press but the first, VIVE turns every vendor's compliance over, so that there is work all the time; a change
    renews one vendor's certificate.
    """

    seed: int
    nodes: int
    strikes: tuple[Strike, ...]
    presses: tuple[float, ...]
    changes: tuple[float, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, {self.nodes} Kafka node{'s' if self.nodes > 1 else ''}"]
        lines += [f"  {each.at:5.1f} s for {each.seconds:4.1f} s: {each.fault}" for each in self.strikes]
        return "\n".join(lines)


def schedule_of(seed: int, *, strikes: int = STRIKES) -> Schedule:
    """The schedule of a seed. A worker is killed in each; the other faults come in turn, and by chance."""
    rng = random.Random(seed)  # noqa: S311 -- meant to repeat
    nodes = 3 if seed % CLUSTER_EVERY == CLUSTER_EVERY - 1 else 1
    unfit = ONE_NODE_ONLY if nodes > 1 else THREE_NODES_ONLY
    every = list(Fault)
    turn = [every[(seed * TURN + number) % len(every)] for number in range(TURN)]
    must = [Fault.WORKER_KILLED, *(fault for fault in turn if fault not in unfit)]
    if nodes > 1 and not THREE_NODES_ONLY.intersection(must):
        must.append(Fault.NODE_KILLED if seed // CLUSTER_EVERY % 2 else Fault.NODE_STOPPED)
    chosen = [*must, *rng.sample([fault for fault in every if fault not in unfit], max(strikes - len(must), 0))]
    made = sorted(
        (
            Strike(at=rng.uniform(*BEGIN), seconds=rng.uniform(*LAST), fault=fault, draw=rng.random())
            for fault in chosen
        ),
        key=lambda strike: strike.at,
    )
    return Schedule(
        seed=seed,
        nodes=nodes,
        strikes=tuple(made),
        presses=(0.0, *sorted(rng.uniform(2.0, 20.0) for _ in range(4))),
        changes=tuple(sorted(rng.uniform(1.0, 20.0) for _ in range(6))),
    )
