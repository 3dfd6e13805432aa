"""Cleans up processes, containers and folders after this process has died."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

# Reads what is held, line by line, until this process closes the pipe or dies; an empty line means nothing is held.
_SCRIPT = """
folder=$1; shift; held=
while read -r line; do held=$line; done
if [ -n "$held" ]; then "$@" "$held"; fi
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -z "$folder" ] && break
  rm -rf -- "$folder" && break
  sleep 0.2
done
"""
# dash takes "--" after "-s KILL" alone.
KILL_GROUP = ("sh", "-c", 'kill -s KILL -- "-$1"', "sh")


class DeathWatch:
    """Cleans up after this process however it ends, SIGKILL included: a tiny shell waits at the far end of a pipe.

    What is held (a process group, a container) is handed to `on_death` as its last argument, and `folder` is removed.
    """

    def __init__(self, on_death: Sequence[str], *, folder: Path | None = None) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - a fixed script; the arguments are ours
            ["/bin/sh", "-c", _SCRIPT, "death_watch", str(folder or ""), *on_death],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def hold(self, what: str) -> None:
        """From now on `what` dies with this process; it takes the place of what was held before."""
        self._tell(what)

    def let_go(self) -> None:
        """Nothing is held any more. Call it at once when a process has been waited for: its number may be reused."""
        self._tell("")

    def release(self) -> None:
        """End the death watch without the clean-up; the owner has done that itself. Twice is as once."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()

    def _tell(self, line: str) -> None:
        if self._shell.stdin is None:
            raise RuntimeError("a death watch has a pipe from its start")
        self._shell.stdin.write(f"{line}\n".encode())
