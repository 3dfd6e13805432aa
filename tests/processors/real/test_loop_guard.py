"""The guard ends the process, so each of these runs in one of its own."""

import re
import signal
import subprocess
import sys

from processors.watchdog import EXIT_BLOCKED
from tests.support.eventually import eventually
from tests.support.slowness import patient

STALL_TIMEOUT = patient(0.3)
PROGRAM = """
import asyncio, logging, time
from processors.watchdog import LoopGuard

class Output(logging.Handler):
    when = False
    def emit(self, record):
        self.when = True

output = Output()

def hang(password):
    while not {hangs_until}:
        time.sleep(0.01)

async def main():
    with LoopGuard(stall_timeout={stall_timeout}):
        await asyncio.sleep(0.1)
        hang("s3cret")
        print("over", flush=True)
        while {goes_on}:
            await asyncio.sleep(0.01)

logging.basicConfig()
logging.getLogger().addHandler(output)
asyncio.run(main())
"""


def run(*, hangs_until: str, stall_timeout: float) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(hangs_until=hangs_until, stall_timeout=stall_timeout, goes_on=False)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=patient(60), check=False
    )


def test_a_blocked_loop_says_where_it_stands_and_ends_the_process() -> None:
    ended = run(hangs_until="False", stall_timeout=0.3)
    assert ended.returncode == EXIT_BLOCKED
    assert re.search(
        r"The event loop has been blocked for 0 s\. It stands at:\n  <string>:\d+ hang\n  <string>:\d+ main\n",
        ended.stderr,
    )
    assert ": the process ends. It stands at:" in ended.stderr
    assert "s3cret" not in ended.stderr


def test_a_loop_that_is_free_again_is_left_alone() -> None:
    ended = run(hangs_until="output.when", stall_timeout=patient(1))
    assert (ended.returncode, ended.stdout) == (0, "over\n")
    assert re.search(r"It stands at:\n  <string>:\d+ hang\n", ended.stderr)
    assert "the process ends" not in ended.stderr


def test_a_process_that_was_stopped_was_not_blocked() -> None:
    program = PROGRAM.format(hangs_until="True", stall_timeout=STALL_TIMEOUT, goes_on=True)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "over\n"
        process.send_signal(signal.SIGSTOP)
        try:
            process.wait(5 * STALL_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(3 * STALL_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
        eventually(lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL, process.communicate()
