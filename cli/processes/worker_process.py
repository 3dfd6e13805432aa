"""Runs a worker in this process until it gets a signal."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from accounting.credentials import CredentialsFolder
from accounting.port import AccountingSystem
from accounting.vantaca.adapter import Vantaca
from cli.codec import codec_for
from cli.processes.process import STOP_SIGNALS
from cli.settings import Settings, worker_id
from cli.views.output import fail
from processors.clock import Clock, system_clock
from processors.config import WorkerConfig
from processors.runtime.kafka_outage import OutageLog
from processors.runtime.worker import Worker
from processors.vendor_sync.retry_policy import RetryPolicy
from processors.watchdog import StalledError
from schemas.systems import VANTACA

HEARTBEAT_SECONDS: Final = 1.0
"""A worker learns by its heartbeats that another has left and that there are partitions to take over."""


def accounting_systems(credentials: Path, clock: Clock) -> Mapping[str, AccountingSystem]:
    """Every accounting system by its name in an integration."""
    return {VANTACA: Vantaca(CredentialsFolder(credentials), now=clock.now)}


def config_for(settings: Settings) -> WorkerConfig:
    """The worker's part of the settings."""
    return WorkerConfig(
        bootstrap=settings.kafka,
        worker_id=worker_id(),
        data_folder=settings.data_dir,
        partitions=settings.partitions,
        replication=settings.replication,
        concurrency=settings.concurrency,
        drain_seconds=settings.drain_seconds,
        session_timeout=settings.session_timeout,
        heartbeat_interval=min(HEARTBEAT_SECONDS, settings.session_timeout / 3),
        commit_interval=settings.commit_interval,
        retry=RetryPolicy(
            later=tuple(timedelta(seconds=seconds) for seconds in settings.retry_later),
            give_up_after=timedelta(hours=settings.give_up_hours),
        ),
        stall_seconds=settings.stall_seconds,
        blocked_seconds=settings.blocked_seconds,
    )


async def run_worker(
    settings: Settings,
    *,
    clock: Clock | None = None,
    outages: OutageLog | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Work until SIGTERM or SIGINT; then let in-flight work end, commit and leave. They may come again and again.

    ``outages``: the filter of the log's handlers that needs to know when Kafka is back.

    Raises:
        TopicsError: the topics are not as declared, or Kafka does not answer.
        SystemExit: the worker stalled; a line on standard error describes it.
        Exception: whatever made the worker unable to go on.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    clock = clock or system_clock()
    systems = accounting_systems(settings.credentials_dir, clock)
    worker = Worker(config_for(settings), systems=systems, codec=codec_for(settings), clock=clock, outages=outages)
    try:
        await worker.run(stop, on_ready=on_ready)
    except StalledError as error:
        fail(str(error))
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)  # it is ending
