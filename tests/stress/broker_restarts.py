"""A broker is restarted repeatedly under load: two workers and the console must work again soon after."""

import asyncio
import random
import time
import uuid
from contextlib import suppress
from typing import Final

from accounting.vantaca.sandbox import Latency
from messaging.producer import KafkaUnavailableError
from tests.stress.console_process import ConsoleProcess
from tests.stress.harness import Harness
from tests.stress.kafka_nodes import RunningKafka
from tests.stress.load import Load
from tests.stress.log_file import tail
from tests.stress.observations import Trial
from tests.stress.runs import Runs
from tests.stress.worker_group import start_workers

WORKERS: Final = 2
CALL_SECONDS: Final = (0.2, 0.6)
PAUSE: Final = (1.0, 4.0)
DOWN: Final = (1.0, 8.0)
LONG_DOWN: Final = (15.0, 25.0)
LONG_EVERY: Final = 5
LOOK_SECONDS: Final = 0.3
PRINT_EVERY: Final = 5


class BrokerRestarts:
    """Restarts nodes of a Kafka, and watches workers and console."""

    def __init__(self, harness: Harness, kafka: RunningKafka, rng: random.Random) -> None:
        self._harness = harness
        self._kafka = kafka
        self._rng = rng
        self._runs = Runs(harness)
        self._load = Load(self._runs, rng)
        self._what = ""
        self._console = ConsoleProcess(harness.tree, harness.world)

    async def run(self, times: int) -> None:
        """Restart so many times, and see at the end that nothing was lost or doubled."""
        harness = self._harness
        harness.world.sandbox.faults.put("slow", Latency(min_seconds=CALL_SECONDS[0], max_seconds=CALL_SECONDS[1]))
        await start_workers(harness, WORKERS)
        async with asyncio.TaskGroup() as tasks:
            supervisor = tasks.create_task(harness.supervise())
            load = tasks.create_task(self._load.run())
            for number in range(1, times + 1):
                await asyncio.sleep(self._rng.uniform(*PAUSE))
                await self._restart(number)
                if number % PRINT_EVERY == 0:
                    print(f"{harness.world.folder.name}: {number} restarts of a broker", flush=True)
            self._load.stop()
            await load
            await self._runs.settle()
            supervisor.cancel()
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
            print(await self._harness.describe_hang(f"after restart {number} ({self._what})"), flush=True)
            await start_workers(self._harness, WORKERS)
        console = await self._console_works(back if workers is not None else time.monotonic())
        if console is None:
            self._console.start_again()
        seconds = None if workers is None else console
        self._harness.seen.trials.append(Trial(group="broker restarts", what=f"{self._what}: all", seconds=seconds))

    def _note(self, what: str, seconds: float | None) -> None:
        trial = Trial(group="broker restarts", what=f"{self._what}: {what}", seconds=seconds, counted=False)
        self._harness.seen.trials.append(trial)

    async def _workers_work(self, back: float) -> float | None:
        """Seconds until new changes were worked on every partition, and by every worker; None: not in time."""
        harness = self._harness
        while time.monotonic() - back < harness.trial_timeout:
            with suppress(KafkaUnavailableError):
                await harness.reopen_tail()
                await harness.change_probes()
                seconds = await harness.worked_everywhere(since=back)
                if seconds is None or not harness.idle():
                    return seconds
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def _console_works(self, back: float) -> float | None:
        """Seconds until the console is healthy, shows the newest outcomes and accepts a press; None: not in time."""
        missing, shown, key = "it was not asked", False, uuid.uuid4().hex
        while time.monotonic() - back < self._harness.trial_timeout:
            self._replace_console()
            missing = await self._console.missing(self._harness.probes.values())
            if not missing and not shown:
                shown = True
                self._note("the console is healthy and shows the outcomes", time.monotonic() - back)
            if not missing:
                if await self._press(key):
                    return time.monotonic() - back
                missing = "it does not accept a press"
            await asyncio.sleep(LOOK_SECONDS)
        print(f"the console hangs: {missing}; the end of its log:\n{tail(self._console.log)}", flush=True)
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
            self._harness.note_end(self._console.name, code, self._console.log)
            self._console.start()
