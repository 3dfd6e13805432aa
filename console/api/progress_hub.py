"""One poller for each run that is watched, whoever many watch it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from console.api.responses import RunAnswer
from console.http.json_response import to_json
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import RunView

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.25
AFTER_TROUBLE_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 15.0
THREADS: Final = 2
KEEP_ALIVE: Final = b": still here\n\n"
BEGIN: Final = b"retry: 2000\n\n"


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """A run at one revision, ready to be sent."""

    revision: int
    done: bool
    event: bytes


def progress_event(run: RunView) -> ProgressEvent:
    """The run as an event."""
    data = to_json(RunAnswer.of(run).model_dump(mode="json"))
    event = b"id: %d\nevent: progress\ndata: %b\n\n" % (run.revision, data)
    return ProgressEvent(run.revision, run.done, event)


class Watch:
    """The newest snapshot of a run, and a bell that rings at each."""

    def __init__(self) -> None:
        self.newest: ProgressEvent | None = None
        self.bell = asyncio.Event()
        self.users = 0
        self.broken = False
        self.poller: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake all who wait."""
        bell, self.bell = self.bell, asyncio.Event()
        bell.set()


class ProgressHub:
    """Streams of progress. It belongs to one event loop; the read model is asked in threads of its own."""

    def __init__(
        self, read_model: ReadModel, *, tick: float = TICK_SECONDS, keep_alive: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self._read_model = read_model
        self._tick = tick
        self._keep_alive = keep_alive
        self._watches: dict[tuple[str, str], Watch] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="progress")
        self._closing = False

    @property
    def watched(self) -> int:
        """Runs that are polled."""
        return len(self._watches)

    @property
    def streams(self) -> int:
        """Streams that are open."""
        return sum(watch.users for watch in self._watches.values())

    async def current(self, client_id: str, run_id: str) -> ProgressEvent | None:
        """The run as it stands; None: it is not known."""
        watch = self._watches.get((client_id, run_id))
        if watch is not None and watch.newest is not None:
            return watch.newest
        run = await self._query(client_id, run_id)
        return None if run is None else progress_event(run)

    async def stream(
        self, client_id: str, run_id: str, *, seen: int, seconds: float, unknown_seconds: float = 60.0
    ) -> AsyncGenerator[bytes]:
        """Events with a revision above ``seen``, the newest at once, until the run is done or ``seconds`` have passed.

        A run that is still unknown after ``unknown_seconds`` ends it too. Who reads slowly misses snapshots, no more.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        unknown_until = loop.time() + unknown_seconds
        watch = self._enter(client_id, run_id)
        try:
            yield BEGIN
            while not self._closing and loop.time() < end:
                bell, newest = watch.bell, watch.newest
                if newest is not None and newest.revision > seen:
                    seen = newest.revision
                    yield newest.event
                if newest is not None and newest.done:
                    return
                if watch.broken or (newest is None and loop.time() > unknown_until):
                    return
                if bell.is_set():
                    continue
                try:
                    async with asyncio.timeout(min(self._keep_alive, max(0.0, end - loop.time()))):
                        await bell.wait()
                except TimeoutError:
                    yield KEEP_ALIVE
        finally:
            self._leave(client_id, run_id, watch)

    def close(self) -> None:
        """Let all streams end, now."""
        self._closing = True
        for watch in self._watches.values():
            watch.ring()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _enter(self, client_id: str, run_id: str) -> Watch:
        watch = self._watches.setdefault((client_id, run_id), Watch())
        watch.users += 1
        if watch.poller is None:
            watch.poller = asyncio.create_task(self._poll(client_id, run_id, watch), name=f"progress of {run_id}")
        return watch

    def _leave(self, client_id: str, run_id: str, watch: Watch) -> None:
        watch.users -= 1
        if not watch.users and watch.poller is not None:
            watch.poller.cancel()
            self._watches.pop((client_id, run_id), None)

    async def _poll(self, client_id: str, run_id: str, watch: Watch) -> None:
        try:
            await self._follow(client_id, run_id, watch)
        except Exception:
            log.exception("The progress of run %s can't be followed", run_id)
            watch.broken = True  # its streams end, and their clients connect again
            watch.ring()

    async def _follow(self, client_id: str, run_id: str, watch: Watch) -> None:
        in_trouble = False
        while not self._closing:
            try:
                run = await self._query(client_id, run_id)
                in_trouble = False
            except SQLAlchemyError as error:
                if not in_trouble:
                    log.warning(
                        "The progress of run %s can't be read, and is tried again: %s", run_id, type(error).__name__
                    )
                in_trouble = True
                await asyncio.sleep(AFTER_TROUBLE_SECONDS)
                continue
            if run is not None and (watch.newest is None or run.revision != watch.newest.revision):
                watch.newest = progress_event(run)
                watch.ring()
                if run.done:
                    return
            await asyncio.sleep(self._tick)

    async def _query(self, client_id: str, run_id: str) -> RunView | None:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read_model.run, client_id, run_id)
