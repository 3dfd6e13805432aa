"""``python -m tests.stress [kind]``: stresses workers, and exits 1 when one hung or something was lost or doubled."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from tests.stress.kinds import KINDS
from tests.stress.observations import Observations
from tests.stress.plan import Plan
from tests.stress.report import report_of
from tests.stress.tree import HERE, tree_at
from tests.support.slowness import patient


def main() -> None:
    """Run one kind and print the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress")
    parser.add_argument("kind", nargs="?", choices=sorted(KINDS), default="default")
    parser.add_argument("-n", "--number", type=int, help="how many trials; each kind has its own default")
    parser.add_argument("--takeovers", type=int, help="of the default kind; a fifth of its rebalances unless given")
    parser.add_argument("--tree", type=Path, default=HERE, help="the checkout whose workers are stressed")
    parser.add_argument(
        "--patience",
        dest="trial_timeout",
        metavar="SECONDS",
        type=float,
        help="seconds after which a trial has hung; each kind has its own",
    )
    parser.add_argument(
        "--late", type=float, default=0.03, help="seconds by which seeks on a changelog are answered late"
    )
    parser.add_argument(
        "--parallel", type=int, help="worlds at once, or workers of the kind rolling; each has its own default"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    kind = KINDS[given.kind]
    folder = Path(tempfile.mkdtemp(prefix="stress-logs-"))
    number = kind.number if given.number is None else given.number
    plan = Plan(
        number=number,
        takeovers=number // 5 if given.takeovers is None else given.takeovers,
        tree=tree_at(given.tree),
        trial_timeout=patient(given.trial_timeout or kind.trial_timeout),
        late=given.late,
        parallel=given.parallel or kind.parallel,
        seed=given.seed,
        folder=folder,
    )
    seen = Observations()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(kind.run(plan, seen))
    except KeyboardInterrupt:
        seen.wrong.append("the program was interrupted: this is what it had observed by then")
    except Exception as error:  # noqa: BLE001 -- what was observed until then is reported as well, and the exit code is 1
        traceback.print_exception(error)
        seen.wrong.append("the program could not go on: its error is printed above")
    report = report_of(seen, goal=kind.goal)
    if report.code:
        print(f"The logs are in {folder}.")
    else:
        shutil.rmtree(folder)
    print("\n".join(report.lines), flush=True)
    sys.exit(report.code)


if __name__ == "__main__":
    main()
