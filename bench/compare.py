"""CPU time per vendor of two revisions: exit code 3 when HEAD costs more than 1.05 times as much as BASE.

    python -m bench.compare BASE HEAD [--pairs 5] [--vendors 3000]

Each revision is checked out into a temporary git worktree with a virtual environment of its own and measured by its own
``bench.pipeline``, BASE and HEAD in turn, so that both see the same state of the machine. What is not committed is not measured.
The exit code is 2 when a revision can't be set up or measured. A revision compared with itself shows how far the machine's
other load moves the ratio.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.revision import RevisionError, checked_out
from bench.verdict import MAX_RATIO, Verdict, verdict_of

MIN_PAIRS = 5
"""Fewer pairs only show that the comparison runs."""
MAX_ATTEMPTS = 3


def compare(base_name: str, head_name: str, *, pairs: int, vendors: int) -> Verdict:
    """Measure both revisions so many times, and print a line a pair."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        base = stack.enter_context(checked_out(base_name, folder / "base"))
        head = stack.enter_context(checked_out(head_name, folder / "head"))
        for revision in (base, head):
            revision.set_up()
        print(f"BASE {base.commit[:10]}, HEAD {head.commit[:10]}, {vendors} vendors", flush=True)
        ratios = []
        for pair in range(pairs):
            # The first of a pair may meet a machine that is still busy with what came before: each is first in turn.
            order = (base, head) if pair % 2 == 0 else (head, base)
            cpu = {each: repeated(partial(each.cpu_ms_per_vendor, vendors)) for each in order}
            ratios.append(cpu[head] / cpu[base])
            figures = f"BASE {cpu[base]:.3f}, HEAD {cpu[head]:.3f} ms CPU a vendor"
            print(f"pair {pair + 1}: {figures}, ratio {ratios[-1]:.3f}", flush=True)
    return verdict_of(ratios)


def repeated(measure: Callable[[], float]) -> float:
    """The figure of a measurement that is repeated when it fails: on a busy machine a new Kafka may not answer in time.

    Raises:
        RevisionError: it failed ``MAX_ATTEMPTS`` times.
    """
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return measure()
        except RevisionError as error:
            *_, cause = str(error).splitlines()
            print(f"A measurement failed and is repeated: {cause}", file=sys.stderr, flush=True)
    return measure()


def main() -> None:
    """Print the pairs and the median ratio, and end with the verdict's exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare")
    parser.add_argument("base", metavar="BASE", help="the revision to compare with")
    parser.add_argument("head", metavar="HEAD", help="the revision to judge")
    parser.add_argument("--pairs", type=positive, default=MIN_PAIRS)
    parser.add_argument("--vendors", type=positive, default=3000, help="vendors of one measurement")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        verdict = compare(arguments.base, arguments.head, pairs=arguments.pairs, vendors=arguments.vendors)
    except RevisionError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"median ratio HEAD/BASE {verdict.median:.3f}, at most {MAX_RATIO} is accepted")
    if arguments.pairs < MIN_PAIRS:
        print(f"{arguments.pairs} pairs are too few for a judgement: use --pairs {MIN_PAIRS} or more")
    sys.exit(verdict.exit_code)


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


if __name__ == "__main__":
    main()
