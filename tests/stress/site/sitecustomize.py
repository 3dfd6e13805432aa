"""Python loads this at the start of every process that has this folder on PYTHONPATH: a control socket inside a worker.

STRESS_SOCKET: path of the Unix socket that answers ``state``, ``rejoin`` and ``dump``; unset: nothing is changed.
STRESS_LATE: seconds by which the answer to a seek on a changelog comes late.
STRESS_FORGET: set: the tables forget all rows at every rebalance, so that each recovery has rows to recover.

It stands on classes of Faust and aiokafka only, so that workers of any version of the product can be stressed.
"""

import asyncio
import json
import os
import socketserver
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

CHANGELOG = "-changelog"


class Control:
    """What is known of the Faust app in this process, and what can be asked of it from outside."""

    def __init__(self) -> None:
        self.app: Any = None
        self.counts: Counter[str] = Counter()
        self.recovered_generation = -1

    def answer(self, question: str) -> dict[str, Any]:
        """The answer to one question; an error is an answer too, because the driver decides what it means."""
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "state": self.state,
            "rejoin": self.rejoin,
            "dump": lambda: {"dump": self.dump()},
        }
        try:
            return answers[question]()
        except Exception as error:  # noqa: BLE001 -- the driver gets it
            return {"error": f"{type(error).__name__}: {error}"}

    def state(self) -> dict[str, Any]:
        return {
            "generation": self.app.consumer_generation_id,
            "recovered_generation": self.recovered_generation,
            "rebalancing": self.app.rebalancing,
            "rows_recovered": self.counts["rows"],
            "late_seeks": self.counts["late"],
        }

    def rejoin(self) -> dict[str, Any]:
        """Have the group rebalance."""
        thread = self.app.consumer._thread
        coordinator = thread._ensure_consumer()._coordinator
        thread.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)
        return {"generation": self.app.consumer_generation_id}

    def dump(self) -> str:
        """How consumer and recovery stand, and where each task of the main loop waits."""
        app = self.app
        looks: dict[str, Callable[[], Any]] = {
            "state": self.state,
            "in_recovery": lambda: app.tables.recovery.in_recovery,
            "remaining": lambda: {tp.partition: n for tp, n in app.tables.recovery.active_remaining().items() if n},
            "flow_active": lambda: app.consumer.flow_active,
            "active": lambda: _by_topic(app.consumer._active_partitions),
            "paused": lambda: _by_topic(app.consumer._paused_partitions),
            "positions": self._positions,
            "method_queue": lambda: f"{app.consumer._thread.method_queue._queue.qsize()} questions wait",
            "fetcher": lambda: (app._fetcher.started, app._fetcher.crashed),
        }
        lines = []
        for name, look in looks.items():
            try:
                lines.append(f"{name}: {look()}")
            except Exception as error:  # noqa: BLE001 -- told in its place, the other lines still help
                lines.append(f"{name}: {type(error).__name__}: {error}")
        return "\n".join([*lines, *self._tasks(), *_threads()])

    def _positions(self) -> dict[str, dict[int, Any]]:
        assignment = self.app.consumer._thread._ensure_consumer()._subscription.subscription.assignment
        found: dict[str, dict[int, Any]] = {}
        for tp in sorted(assignment.tps):
            found.setdefault(tp.topic, {})[tp.partition] = assignment.state_value(tp)._position
        return found

    def _tasks(self) -> Iterable[str]:
        places: Counter[str] = Counter()
        for task in asyncio.all_tasks(self.app.loop):
            stack = task.get_stack(limit=1)
            where = _place(stack[-1].f_code.co_filename, stack[-1].f_lineno) if stack else "no frame"
            places[f"{getattr(task.get_coro(), '__qualname__', task.get_name())} at {where}"] += 1
        return (f"task {place}{f' ({times} times)' if times > 1 else ''}" for place, times in sorted(places.items()))


def _place(file: str, line: int) -> str:
    return f"{'/'.join(file.split('/')[-3:])}:{line}"


def _by_topic(tps: Iterable[Any]) -> dict[str, int]:
    return dict(Counter(tp.topic for tp in tps or ()))


def _threads() -> Iterable[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        last = traceback.extract_stack(frame)[-1]
        yield f"thread {names.get(ident, ident)}: {_place(last.filename, last.lineno or 0)} {last.name}"


def hook(control: Control, *, late: float, forget: bool) -> None:
    """Change Faust's classes: know the app, count what is recovered, answer seeks late, forget rows."""
    from faust.app.base import App
    from faust.tables.base import Collection
    from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

    init, rebalance_ended = App.__init__, App.on_rebalance_end
    seek, on_rebalance = AIOKafkaConsumerThread._seek_wait, Collection.on_rebalance
    counted: set[int] = set()

    def noted_init(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        control.app = self

    def noted_end(self: Any) -> None:
        rebalance_ended(self)
        control.recovered_generation = self.consumer_generation_id

    async def late_seek(self: Any, consumer: Any, partitions: Any) -> None:
        places = dict(partitions)
        await seek(self, consumer, places)
        if late and any(tp[0].endswith(CHANGELOG) for tp in places):
            control.counts["late"] += 1
            await asyncio.sleep(late)

    async def forgetful(self: Any, assigned: Any, revoked: Any, newly: Any, generation_id: int = 0) -> None:
        if id(self.data) not in counted:
            counted.add(id(self.data))
            _count_rows(self.data, control.counts)
        if forget:
            await self.data.on_rebalance(set(), revoked, set(), generation_id)
        await on_rebalance(self, assigned, revoked, newly, generation_id)

    changes: list[tuple[type, str, Callable[..., Any]]] = [
        (App, "__init__", noted_init),
        (App, "on_rebalance_end", noted_end),
        (AIOKafkaConsumerThread, "_seek_wait", late_seek),
        (Collection, "on_rebalance", forgetful),
    ]
    for where, name, changed in changes:
        setattr(where, name, changed)


def _count_rows(store: Any, counts: "Counter[str]") -> None:
    apply = store.apply_changelog_batch

    def counting(batch: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        records = list(batch)
        counts["rows"] += len(records)
        return apply(records, *args, **kwargs)

    store.apply_changelog_batch = counting


def serve(control: Control, path: str) -> None:
    """Answer questions in a thread of its own: the main loop may be the one that hangs."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            question = self.rfile.readline().decode().strip()
            self.wfile.write(json.dumps(control.answer(question), default=str).encode() + b"\n")

    server = socketserver.ThreadingUnixStreamServer(path, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="stress-control", daemon=True).start()


if _path := os.environ.get("STRESS_SOCKET"):
    _control = Control()
    hook(_control, late=float(os.environ.get("STRESS_LATE", "0")), forget=bool(os.environ.get("STRESS_FORGET")))
    serve(_control, _path)
