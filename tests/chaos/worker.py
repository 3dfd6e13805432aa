"""A worker whose clock can be set, and which can be made weaker than the product's, to show that the suite sees losses.

CHAOS_CLOCK: a file with the seconds by which its clock is wrong.
CHAOS_WEAKNESS: empty; ``early`` acknowledges events before their outcomes; ``stock`` reads through Faust's own driver.
"""

import asyncio
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from cli.processes.process import set_up_logging
from cli.processes.worker_process import run_worker
from cli.settings import Settings
from cli.views.output import errors
from processors import app as faust_app
from processors.clock import Clock
from processors.vendor_sync.coordinator import VendorSyncing
from tests.chaos.stock import StockTransport


def main() -> None:
    """Run until SIGTERM."""
    clock_file = Path(os.environ["CHAOS_CLOCK"])
    true_time = time.time

    def wrong_by() -> float:
        return float(clock_file.read_text() or 0)

    time.time = lambda: true_time() + wrong_by()
    match os.environ.get("CHAOS_WEAKNESS"):
        case "early":
            acknowledge_early()
        case "stock":
            vars(faust_app)["StrictTransport"] = StockTransport
    settings = Settings()
    set_up_logging(settings.log_level)
    clock = Clock(
        now=lambda: datetime.now(UTC) + timedelta(seconds=wrong_by()),
        monotonic=time.monotonic,
        jitter=random.random,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_worker(settings, clock=clock, on_ready=lambda: errors.print("Worker ready.")))


def acknowledge_early() -> None:
    """Finish each event as soon as it is in the queue."""
    accept = VendorSyncing.accept

    def accept_and_finish(self: VendorSyncing, message: Any) -> None:
        accept(self, message)
        self.gate.finish(message.tp, message.offset)

    VendorSyncing.accept = accept_and_finish  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
