"""A few seconds of the coverage-guided fuzzing, which ``make fuzz`` does for longer. Each in a process of its own."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.slowness import patient

ROOT = Path(__file__).parents[2]
SECONDS = int(patient(4))

pytestmark = pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris is not here: it is made for Linux on x86-64 and Python up to 3.13"
)


def coverage_guided(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.coverage_guided", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patient(120),
        check=False,
    )


@pytest.mark.parametrize("target", ["codec", "reader", "schemas"])
def test_nothing_is_found_in_some_seconds(target: str) -> None:
    done = coverage_guided(target, "--seconds", str(SECONDS), "--seed", "7")
    assert done.returncode == 0, done.stderr[-4000:]
    tried = re.search(r"Done (\d+) runs", done.stderr)
    assert tried is not None
    assert int(tried[1]) > 100
    covered = [int(number) for number in re.findall(r" cov: (\d+) ", done.stderr)]
    assert covered[-1] > 20


def test_a_planted_fault_is_found_and_the_command_that_is_told_repeats_it() -> None:
    done = coverage_guided("planted", "--seconds", str(int(patient(60))), "--seed", "7")
    assert done.returncode != 0
    reported = re.search(
        r"To repeat it: python -m tests\.fuzz\.coverage_guided (planted --input [0-9a-f]+)\n", done.stderr
    )
    assert reported is not None, done.stderr[-4000:]
    repeated = coverage_guided(*reported[1].split())
    assert repeated.returncode == 1
    assert "ValueError: this fault was planted" in repeated.stderr
