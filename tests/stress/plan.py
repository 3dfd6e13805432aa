"""What a stress was asked to do."""

from dataclasses import dataclass
from pathlib import Path

from tests.stress.tree import Tree


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of one stress.

    Attributes:
        number: trials; each kind defines what one trial is.
        takeovers: trials of the second part of the default kind.
        tree: the checkout whose processes are stressed.
        trial_timeout: seconds after which a trial has hung.
        late: seconds by which the answer to a seek on a changelog comes late.
        parallel: worlds at the same time.
        seed: of all random choices.
        folder: for the logs.
    """

    number: int
    takeovers: int
    tree: Tree
    trial_timeout: float
    late: float
    parallel: int
    seed: int
    folder: Path
