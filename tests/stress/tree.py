"""The checkout whose workers are stressed."""

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent / "site"


@dataclass(frozen=True)
class Tree:
    """A checkout of the product; this one unless another is given."""

    folder: Path = HERE

    @property
    def python(self) -> Path:
        """The interpreter of its virtual environment; ours, if it has none."""
        own = self.folder / ".venv/bin/python"
        return own if own.exists() else Path(sys.executable)

    def command(self, *arguments: str) -> list[str]:
        """``vive-sync`` with these arguments; to be run in the tree's folder, from where Python takes the code."""
        return [str(self.python), "-m", "cli", *arguments]


def tree_at(folder: Path) -> Tree:
    """The checkout in this folder.

    Raises:
        ValueError: the folder has no product in it.
    """
    if not (folder / "cli" / "__main__.py").exists():
        raise ValueError(f"{folder} is no checkout of this project: it has no cli/__main__.py. Give TREE its root.")
    return Tree(folder.resolve())
