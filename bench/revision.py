"""A revision of this repository to measure: a git worktree with a virtual environment of its own, in a temporary folder."""

import json
import os
import re
import signal
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from schemas.errors import ViveSyncError

ROOT: Final = Path(__file__).parents[1]
NOT_INHERITED: Final = re.compile(r"VIVE_SYNC_|PYTHONPATH$|VIRTUAL_ENV$|MAKE")
"""Variables that would change what is measured, or would let a tree find another tree's code."""
ORIGINS: Final = (
    "import importlib.util, json, sys; "
    "print(json.dumps({name: importlib.util.find_spec(name).origin for name in sys.argv[1:]}))"
)
SUMMARY: Final = re.compile(r"^.+: min .*; median ([0-9.]+) ms CPU a vendor$", re.MULTILINE)
"""A closing line of ``bench.pipeline``, of which there is one for each latency. Older revisions print it too."""


class RevisionError(ViveSyncError, RuntimeError):
    """A revision can't be checked out, set up or measured. The text names it and the reason."""


class Revision:
    """A worktree of one commit. ``name`` is what the caller called it."""

    def __init__(self, name: str, commit: str, folder: Path) -> None:
        self.name = name
        self.commit = commit
        self._folder = folder

    def set_up(self) -> None:
        """Make its virtual environment, and see that its interpreter loads its own code only.

        Raises:
            RevisionError: the set-up failed, or a package comes from elsewhere.
        """
        self._output("make", "setup")
        packages = sorted(path.parent.name for path in self._folder.glob("*/__init__.py"))
        origins = json.loads(self._output(".venv/bin/python", "-c", ORIGINS, *packages))
        for package, origin in origins.items():
            if not Path(origin).is_relative_to(self._folder):
                raise RevisionError(f"{self.name} would import {package} from {origin}, not from its own worktree.")

    def cpu_ms_per_vendor(self, vendors: int) -> float:
        """Run its own ``bench.pipeline`` once: milliseconds of the worker's CPU time a vendor, the mean of the latencies.

        Raises:
            RevisionError: the benchmark failed, or printed no figure.
        """
        command = (".venv/bin/python", "-m", "bench.pipeline", "--vendors", str(vendors), "--rounds", "1")
        return cpu_of(self._output(*command))

    def _output(self, *command: str) -> str:
        started = subprocess.Popen(
            command,
            cwd=self._folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = started.communicate()
        except BaseException:
            # Its worker and stub too: whoever interrupts the comparison leaves no processes.
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            raise
        if started.returncode:
            raise RevisionError(
                f"{self.name} ({self.commit[:10]}): `{' '.join(command)}` failed.\n{output}{errors}".strip()
            )
        return output


def cpu_of(output: str) -> float:
    """The milliseconds of CPU time a vendor that ``bench.pipeline`` printed, the mean of its latencies.

    Raises:
        RevisionError: there is no such figure.
    """
    figures = [float(figure) for figure in SUMMARY.findall(output)]
    if not figures:
        raise RevisionError(f"bench.pipeline printed no figure that this program knows:\n{output}".strip())
    return statistics.mean(figures)


@contextmanager
def checked_out(name: str, folder: Path) -> Iterator[Revision]:
    """A worktree of the revision ``name`` in ``folder``, which must not exist yet. It is removed at the end.

    Raises:
        RevisionError: there is no such revision.
    """
    commit = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    _git("worktree", "add", "--quiet", "--detach", str(folder), commit)
    try:
        yield Revision(name, commit, folder)
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise RevisionError(f"`git {' '.join(arguments)}` failed. {done.stderr}")
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not NOT_INHERITED.match(name)}
    # The set-up fetches uv where there is none; this checkout may have fetched it already.
    return inherited | {"PATH": f"{inherited.get('PATH', os.defpath)}{os.pathsep}{ROOT / '.tools/bin'}"}
