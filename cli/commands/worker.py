"""``vive-sync worker``."""

import asyncio
import gc
import logging

import typer
import uvloop

from cli.processes.process import set_up_logging
from cli.settings import Settings
from cli.views.output import errors

log = logging.getLogger(__name__)

GC_THRESHOLDS = (100_000, 20, 50)
"""Python's own (700, 10, 10) make a worker with many vendors in flight look through all of them again and again."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)


def worker() -> None:
    """Run one worker of the stream processor until SIGTERM or Ctrl-C."""
    from cli.processes.worker_process import run_worker  # noqa: PLC0415 -- only this command loads Faust
    from processors.runtime.kafka_outage import OutageLog  # noqa: PLC0415

    settings = Settings()
    outages = OutageLog(settings.kafka)
    set_up_logging(settings.log_level, outages)

    gc.set_threshold(*GC_THRESHOLDS)

    def ready() -> None:
        gc.freeze()
        errors.print("Worker ready.", style="green")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_worker(settings, outages=outages, on_ready=ready))
