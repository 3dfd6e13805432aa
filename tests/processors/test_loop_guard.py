"""The guard ends the process, so each of these runs in one of its own."""

import signal
import subprocess
import sys

from processors.watchdog import EXIT_BLOCKED
from tests.support.eventually import eventually

PROGRAM = """
import asyncio, logging, time
from processors.watchdog import LoopGuard

def hang(password):
    time.sleep({hang})

async def main():
    with LoopGuard(patience={patience}):
        await asyncio.sleep(0.1)
        hang("s3cret")
        print("over", flush=True)
        while {goes_on}:
            await asyncio.sleep(0.01)

logging.basicConfig()
asyncio.run(main())
"""


def run(*, hang: float, patience: float) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(hang=hang, patience=patience, goes_on=False)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


def test_a_blocked_loop_says_where_it_stands_and_ends_the_process() -> None:
    ended = run(hang=60.0, patience=0.3)
    assert ended.returncode == EXIT_BLOCKED
    assert (
        "The event loop has been blocked for 0 s. It stands at:\n  <string>:6 hang\n  <string>:11 main\n"
        in ended.stderr
    )
    assert ": the process ends. It stands at:" in ended.stderr
    assert "s3cret" not in ended.stderr


def test_a_loop_that_is_free_again_is_left_alone() -> None:
    ended = run(hang=1.5, patience=1.0)
    assert (ended.returncode, ended.stdout) == (0, "over\n")
    assert "blocked for 1 s. It stands at:\n  <string>:6 hang" in ended.stderr


def test_a_process_that_was_stopped_was_not_blocked() -> None:
    program = PROGRAM.format(hang=0.0, patience=0.3, goes_on=True)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "over\n"
        process.send_signal(signal.SIGSTOP)
        try:
            process.wait(1.5)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
        eventually(lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL, process.communicate()
