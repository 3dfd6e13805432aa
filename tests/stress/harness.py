"""Controls what is stressed: a client on a Kafka of its own, worker processes of a tree, and a probe on every partition."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from messaging.producer import BlockingProducer
from producers.records import load
from schemas.records.vendor_record import VendorRecord
from tests.stress.log_file import final_line, tail
from tests.stress.observations import Ended, Observations
from tests.stress.outcome_tail import OutcomeTail
from tests.stress.probes import changed, not_worked
from tests.stress.tree import Tree
from tests.stress.worker_process import WorkerProcess, start_worker
from tests.support.slowness import patient
from tests.support.world import World

LOOK_SECONDS: Final = 0.02
SUPERVISOR_SECONDS: Final = 0.5
PUBLISH_SECONDS: Final = 30.0


@dataclass(kw_only=True)
class Harness:
    """The parts, and what was observed of them."""

    world: World
    tree: Tree
    late: float
    forget: bool
    trial_timeout: float
    tail: OutcomeTail
    control: Path
    seen: Observations
    may_restart: bool = False
    """Whether a worker may end by itself, to be started again."""
    vendors: int
    """Vendors besides the probes, named v1, v2 and so on."""
    probes: dict[int, VendorRecord] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)
    started: int = 0

    def start(self) -> WorkerProcess:
        """Start one more worker; it is not ready yet."""
        self.started += 1
        worker = start_worker(
            self.tree,
            f"worker-{self.started}",
            environment=self.world.environment({}),
            folder=self.world.folder,
            control=self.control,
            late=self.late,
            forget=self.forget,
        )
        self.world.processes.append(worker.process)
        self.workers.append(worker)
        return worker

    async def start_ready(self) -> WorkerProcess:
        """Start one more worker and wait until it has its partitions; RuntimeError as by ``until_ready``."""
        worker = self.start()
        await self.until_ready(worker)
        return worker

    async def until_ready(self, worker: WorkerProcess) -> None:
        """Wait until it has its partitions.

        Raises:
            RuntimeError: it ended, or is not ready in time; the text ends with its log.
        """
        if not await worker.ready():
            raise RuntimeError(f"{worker.name} did not become ready:\n{tail(worker.log)}")

    def remove(self, worker: WorkerProcess) -> None:
        """Kill it, if it runs, and don't replace it."""
        worker.kill()
        self.workers.remove(worker)

    def replace_ended(self) -> None:
        """Note every worker that ended by itself, and start another in its place, as a supervisor does."""
        for worker in [one for one in self.workers if not one.running]:
            self.workers.remove(worker)
            if not worker.expected_to_end:
                self.note_end(worker.name, worker.process.returncode, worker.log)
                self.start()

    def note_wrong(self, sentences: Iterable[str]) -> None:
        """Note what was lost, doubled or not as it must be."""
        self.seen.wrong += [f"{self.world.folder.name}: {sentence}" for sentence in sentences]

    def note_end(self, name: str, code: int, log: Path) -> None:
        """Note that a process ended by itself, and print the end of its log where that must not be."""
        ended = Ended(name=f"{self.world.folder.name}/{name}", code=code, reason=final_line(log))
        (self.seen.restarts if self.may_restart else self.seen.ended).append(ended)
        if not self.may_restart:
            print(f"{ended.name} ended by itself with exit code {code}; the end of its log:\n{tail(log)}", flush=True)

    async def supervise(self) -> None:
        """Replace what ended by itself, until cancelled."""
        while True:
            self.replace_ended()
            await asyncio.sleep(SUPERVISOR_SECONDS)

    async def change_probes(self) -> None:
        """Change the probe of every partition."""
        self.probes = {partition: changed(record) for partition, record in self.probes.items()}
        await self.publish(self.probes.values())

    async def publish(self, records: Iterable[VendorRecord]) -> None:
        """Publish vendor records."""
        producer = BlockingProducer(self.world.bootstrap, seconds=patient(PUBLISH_SECONDS))
        await asyncio.to_thread(load, list(records), producer=producer, codec=self.world.codec)

    async def reopen_tail(self) -> None:
        """Follow the outcomes with a new consumer, which can't have been damaged by the restart of a broker.

        Raises:
            KafkaUnavailableError: Kafka does not answer.
        """
        self.tail.close()
        self.tail = await asyncio.to_thread(OutcomeTail, self.world.bootstrap, self.world.client_id, self.world.codec)

    async def worked_everywhere(self, *, since: float) -> float | None:
        """Wait until the probes as last changed are worked on every partition.

        Args:
            since: when what is timed began, on the monotonic clock.

        Returns:
            The seconds since then; None when they passed the trial timeout.

        Raises:
            RuntimeError: the outcomes can't be read any more.
        """
        while not_worked(self.probes, self.tail.worked):
            if not self.tail.reading:
                raise RuntimeError("The outcomes can't be read any more: look at the error of the thread outcome-tail.")
            if time.monotonic() - since > self.trial_timeout:
                return None
            self.replace_ended()
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - since

    def idle(self) -> list[WorkerProcess]:
        """The running workers that worked none of the probes."""
        by = {self.tail.worked_by.get(probe.vendor_id, "") for probe in self.probes.values()}
        pids = {name.rpartition("-")[2] for name in by}
        return [worker for worker in self.workers if worker.running and str(worker.process.pid) not in pids]

    async def describe_hang(self, what: str) -> str:
        """Which partitions are not worked, and for each worker the end of its log and its state."""
        lines = [f"{what}: not worked: partitions {not_worked(self.probes, self.tail.worked)}"]
        for worker in self.workers:
            lines.append(
                f"--- {worker.name}{' (frozen)' if worker.frozen else ''}, the end of its log:\n{tail(worker.log)}"
            )
            if not worker.frozen:
                answer = await worker.ask("dump")
                lines.append(f"--- state of {worker.name}:\n{answer.get('dump', answer)}")
        return "\n".join(lines)
