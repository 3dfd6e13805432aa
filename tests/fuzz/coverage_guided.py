"""Fuzzing that follows coverage (libFuzzer, by way of atheris): ``python -m tests.fuzz.coverage_guided codec --seconds 60``.

An input that breaks a target is printed in hexadecimal, with the command that repeats it, and the process ends with an error.
The target ``planted`` has a fault in it, to show that faults are found.
"""

import argparse
import functools
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.support.slowness import patient

TARGETS: Final = ("codec", "reader", "schemas", "planted")
INSTRUMENTED: Final = ("accounting", "schemas", "fastavro._read_py", "tests.fuzz.targets", "tests.fuzz.hostile_schemas")
LONGEST_INPUT: Final = 4096
"""Bytes."""
SLOWEST_SECONDS: Final = int(patient(10))
"""An input that takes longer is a fault of its own; the properties have a bound on the processor's time besides."""
MAX_MEGABYTES: Final = 1024


def reporting(name: str, target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target, telling of the input that breaks it."""

    @functools.wraps(target)
    def watched(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            repeat = f"python -m tests.fuzz.coverage_guided {name} --input {data.hex()}"
            sys.stderr.write(f"\nThe input that breaks {name}: {data.hex()}\nTo repeat it: {repeat}\n")
            raise

    return watched


def fuzz(name: str, *, seconds: int, seed: int, folder: Path) -> NoReturn:
    """Try inputs for so long. It ends the process, at once: with 0, or with libFuzzer's code for a fault."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        targets = importlib.import_module("tests.fuzz.targets")
    target, seeds = targets.TARGETS[name]()
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, given in enumerate(seeds):
        (corpus / str(number)).write_bytes(given)
    flags = [
        *(f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST_INPUT}", f"-timeout={SLOWEST_SECONDS}"),
        *(f"-rss_limit_mb={MAX_MEGABYTES}", f"-artifact_prefix={folder}/", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], reporting(name, target))
    atheris.Fuzz()
    raise SystemExit(0)


def main() -> int:
    """Read the command line, and fuzz or repeat one input; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.coverage_guided")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", type=bytes.fromhex, help="one input, in hexadecimal, to repeat")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.input is not None:
        target, _ = importlib.import_module("tests.fuzz.targets").TARGETS[given.target]()
        target(given.input)
        return 0
    if given.folder is not None:
        fuzz(given.target, seconds=given.seconds, seed=given.seed, folder=given.folder)
    # libFuzzer ends its process without a word to Python, so somebody else has to clear its folder away.
    with tempfile.TemporaryDirectory() as folder:
        again = [sys.executable, "-m", "tests.fuzz.coverage_guided", *sys.argv[1:], "--folder", folder]
        return subprocess.run(again, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
