"""A broker is restarted again and again under load: two workers and the console must work again soon after."""

import asyncio
import random
import time
import uuid
from contextlib import suppress
from typing import Final

from accounting.vantaca.sandbox import Latency
from producers.kafka import KafkaAwayError
from tests.stress.console_process import ConsoleProcess
from tests.stress.crew import start_crew
from tests.stress.kafka_nodes import RunningKafka
from tests.stress.load import Load
from tests.stress.log_file import tail
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.scene import Scene

WORKERS: Final = 2
CALL_SECONDS: Final = (0.2, 0.6)
PAUSE: Final = (1.0, 4.0)
DOWN: Final = (1.0, 8.0)
LONG_DOWN: Final = (15.0, 25.0)
LONG_EVERY: Final = 5
LOOK_SECONDS: Final = 0.3
SAY_EVERY: Final = 5


class BrokerRestarts:
    """Restarts nodes of a Kafka, and watches workers and console."""

    def __init__(self, scene: Scene, kafka: RunningKafka, rng: random.Random) -> None:
        self._scene = scene
        self._kafka = kafka
        self._rng = rng
        self._runs = Runs(scene)
        self._load = Load(self._runs, rng)
        self._what = ""
        self._console = ConsoleProcess(scene.tree, scene.world)

    async def play(self, times: int) -> None:
        """Restart so many times, and see at the end that nothing was lost or doubled."""
        scene = self._scene
        scene.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
        await start_crew(scene, WORKERS)
        beside = [asyncio.create_task(scene.supervise()), asyncio.create_task(self._load.run())]
        for number in range(1, times + 1):
            await asyncio.sleep(self._rng.uniform(*PAUSE))
            await self._restart(number)
            if number % SAY_EVERY == 0:
                print(f"{scene.world.folder.name}: {number} restarts of a broker", flush=True)
        await self._load.stop()
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._runs.settle()
        await self._runs.check()

    async def _restart(self, number: int) -> None:
        node = self._rng.choice(self._kafka.nodes)
        how = "SIGTERM" if number % 2 else "SIGKILL"
        await asyncio.to_thread(node.stop if number % 2 else node.kill)
        await asyncio.sleep(self._rng.uniform(*(DOWN if number % LONG_EVERY else LONG_DOWN)))
        await asyncio.to_thread(node.start)
        back = time.monotonic()
        self._what = f"{how}, {len(self._kafka.nodes)} {'nodes' if len(self._kafka.nodes) > 1 else 'node'}"
        workers = await self._workers_work(back)
        if workers is not None:
            self._note("the workers work", workers)
        else:
            print(await self._scene.describe_hang(f"after restart {number} ({self._what})"), flush=True)
            await start_crew(self._scene, WORKERS)
        console = await self._console_works(back if workers is not None else time.monotonic())
        if console is None:
            self._console.start_anew()
        seconds = None if workers is None else console
        self._scene.seen.trials.append(Trial(group="broker restarts", what=f"{self._what}: all", seconds=seconds))

    def _note(self, what: str, seconds: float | None) -> None:
        trial = Trial(group="broker restarts", what=f"{self._what}: {what}", seconds=seconds, counted=False)
        self._scene.seen.trials.append(trial)

    async def _workers_work(self, back: float) -> float | None:
        """Seconds until new changes were worked on every partition, and by every worker; None: not in time."""
        scene = self._scene
        while time.monotonic() - back < scene.patience:
            with suppress(KafkaAwayError):
                await scene.read_outcomes_anew()
                await scene.light()
                seconds = await scene.worked_everywhere(since=back)
                if seconds is None or not scene.idle():
                    return seconds
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def _console_works(self, back: float) -> float | None:
        """Seconds until the console is well, shows the newest outcomes and takes a press; None: not in time."""
        lacks, shown, key = "it was not asked", False, uuid.uuid4().hex
        while time.monotonic() - back < self._scene.patience:
            self._replace_console()
            lacks = await self._console.shows(self._scene.beacons.values())
            if not lacks and not shown:
                shown = True
                self._note("the console is well and shows it", time.monotonic() - back)
            if not lacks:
                if await self._press(key):
                    return time.monotonic() - back
                lacks = "it does not take a press"
            await asyncio.sleep(LOOK_SECONDS)
        print(f"the console hangs: {lacks}; the end of its log:\n{tail(self._console.log)}", flush=True)
        return None

    async def _press(self, key: str) -> bool:
        async with self._runs.pressing:
            run_id = await self._console.press(key)
            if run_id is not None:
                self._runs.unsettled.append(run_id)
            return run_id is not None

    def _replace_console(self) -> None:
        code = self._console.process.poll()
        if code is not None:
            self._scene.note_end(self._console.name, code, self._console.log)
            self._console.start()
