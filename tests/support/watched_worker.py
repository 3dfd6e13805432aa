"""A worker in this process, with its parts within reach."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest

from accounting.credentials import CredentialsFolder
from accounting.port import AccountingSystem
from accounting.vantaca.adapter import Vantaca
from processors.app import consumer_of
from processors.config import WorkerConfig
from processors.runtime import worker as worker_module
from processors.runtime.wiring import WorkerGraph, build_worker
from processors.runtime.worker import Worker
from processors.runtime.worker_parts import WorkerDependencies
from processors.transport.strict_transport import StrictConsumer
from processors.watchdog import StalledError
from schemas.systems import VANTACA
from tests.support.eventually import eventually_async
from tests.support.slowness import patient
from tests.support.world import SESSION_TIMEOUT, World

STALL_TIMEOUT = patient(3.0)
"""Seconds that it may stand still: a worker that gets no processor must not count as one that does nothing."""


@dataclass
class Watched:
    """It runs; a test that expects it to end by itself asks ``ends``."""

    running: "asyncio.Task[None]"
    parts: WorkerGraph
    may_stand_still: bool = False

    @property
    def consumer(self) -> StrictConsumer:
        return consumer_of(self.parts.app)

    async def ends(self, *, seconds: float = 30.0) -> str:
        """What it says when it ends by itself."""
        self.may_stand_still = True
        await asyncio.wait({self.running}, timeout=patient(seconds))
        assert self.running.done()
        with pytest.raises(StalledError) as raised:
            self.running.result()
        return str(raised.value)


@asynccontextmanager
async def watched(world: World, *, system: AccountingSystem | None = None, **settings: Any) -> AsyncIterator[Watched]:
    """A worker that reads its partitions, with a short stall timeout unless ``settings`` has another."""
    made: list[WorkerGraph] = []

    def noted(given: WorkerDependencies) -> WorkerGraph:
        made.append(build_worker(given))
        return made[-1]

    config = WorkerConfig(
        bootstrap=world.bootstrap,
        worker_id="watched",
        data_folder=world.folder / "state",
        session_timeout=SESSION_TIMEOUT,
        heartbeat_interval=1.0,
        **{"stall_seconds": STALL_TIMEOUT, "drain_seconds": 1.0} | settings,
    )
    systems = {VANTACA: system or Vantaca(CredentialsFolder(world.folder))}
    stop, ready = asyncio.Event(), asyncio.Event()
    with patch.object(worker_module, "build_worker", noted):
        running = asyncio.create_task(Worker(config, systems=systems, codec=world.codec).run(stop, on_ready=ready.set))
        await eventually_async(lambda: ready.is_set() or running.done(), seconds=60)
    if running.done():
        running.result()
    worker = Watched(running, made[-1])
    try:
        await eventually_async(lambda: worker.consumer.reading or running.done(), seconds=60)
        yield worker
    finally:
        stop.set()
        await asyncio.wait({running})
        if not worker.may_stand_still:
            running.result()
