"""Cleans up processes, containers and folders after this process has died."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

# Reads the id of the watched thing, line by line, until this process closes the pipe or dies; an empty line means none.
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
# dash accepts "--" only after "-s KILL".
KILL_GROUP = ("sh", "-c", 'kill -s KILL -- "-$1"', "sh")


class DeathWatch:
    """Cleans up after this process however it ends, SIGKILL included: a small shell waits at the other end of a pipe.

    The id that is held (of a process group, a container) is the last argument of `on_death`, and `folder` is removed.
    """

    def __init__(self, on_death: Sequence[str], *, folder: Path | None = None) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - a fixed script with arguments from this repository
            ["/bin/sh", "-c", _SCRIPT, "death_watch", str(folder or ""), *on_death],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def hold(self, held: str) -> None:
        """End `held` when this process ends. It replaces the id that was held before."""
        self._write(held)

    def forget(self) -> None:
        """Hold nothing any more. Call it as soon as a process has been waited for: its number may be reused."""
        self._write("")

    def release(self) -> None:
        """End the death watch without the clean-up, which the owner has done. A second call does nothing."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()

    def _write(self, line: str) -> None:
        if self._shell.stdin is None:
            raise RuntimeError("a death watch has a pipe from its start")
        self._shell.stdin.write(f"{line}\n".encode())
