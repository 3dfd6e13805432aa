"""One worker process of a tree, with the control socket of ``site/sitecustomize.py`` in it."""

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.stress.tree import SITE, Tree
from tests.support.eventually import within
from tests.support.slowness import patient

READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 5.0
STATE_SECONDS: Final = 0.05
READY: Final = b"Worker ready."


@dataclass(kw_only=True)
class WorkerProcess:
    """A real ``vive-sync worker``. ``expected_to_end``: it was killed or stopped, so its end is no news."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    control: Path
    expected_to_end: bool = False
    frozen: bool = False

    @property
    def running(self) -> bool:
        """Whether the process has not ended; a frozen one runs."""
        return self.process.poll() is None

    async def ready(self) -> bool:
        """Whether it comes to have its partitions in time."""
        await within(lambda: READY in self.log.read_bytes() or not self.running, seconds=READY_SECONDS)
        return self.running and READY in self.log.read_bytes()

    async def ask(self, question: str) -> dict[str, Any]:
        """``state``, ``rejoin`` or ``dump``; {"error": ...} where it can't answer."""
        return await asyncio.to_thread(self._ask, question)

    async def until(self, holds: Callable[[Mapping[str, Any]], bool], *, seconds: float) -> None:
        """Wait until its ``state`` is so, until it has ended or for so many seconds."""
        until = time.monotonic() + patient(seconds)
        while self.running and time.monotonic() < until:
            state = await self.ask("state")
            if "error" not in state and holds(state):
                return
            await asyncio.sleep(STATE_SECONDS)

    def _ask(self, question: str) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(patient(ANSWER_SECONDS))
                line.connect(str(self.control))
                line.sendall(f"{question}\n".encode())
                with line.makefile("rb") as answer:
                    read = answer.readline()
            answered: dict[str, Any] = json.loads(read) if read else {"error": "no answer"}
        except OSError as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return answered

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        self.frozen = True
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.frozen = False
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.expected_to_end = True
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.expected_to_end = True
        self.process.terminate()

    async def exit_code(self) -> int | None:
        """What it ended with; None when it has not ended in time."""
        try:
            return await asyncio.to_thread(self.process.wait, patient(STOP_SECONDS))
        except subprocess.TimeoutExpired:
            return None


def recovered_since(generation: int) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a worker of this state has recovered in a later generation of the group."""
    return lambda state: state["recovered_generation"] > generation and not state["rebalancing"]


def start_worker(
    tree: Tree, name: str, *, environment: Mapping[str, str], folder: Path, control: Path, late: float, forget: bool
) -> WorkerProcess:
    """Start a worker; its log is ``<name>.log`` in the folder.

    Args:
        tree: whose code runs.
        name: of the log and of the control socket; a new one for each process.
        environment: for the process.
        folder: where logs go.
        control: a folder whose path is short enough for a Unix socket in it.
        late: seconds by which the answer to a seek on a changelog comes late.
        forget: whether the worker forgets all rows at every rebalance.
    """
    hook = {
        "PYTHONPATH": str(SITE),
        "STRESS_SOCKET": str(control / name),
        "STRESS_LATE": str(late),
        "STRESS_FORGET": "1" if forget else "",
    }
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            tree.command("worker"),
            cwd=tree.folder,
            env={**environment, **hook},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return WorkerProcess(name=name, process=process, log=log, control=control / name)
