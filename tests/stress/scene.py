"""What a stress plays on: a client on a Kafka of its own, worker processes of a tree, and a beacon on every partition."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producers.kafka import KafkaVoice
from producers.records import load
from schemas.topics import DEFAULT_PARTITIONS
from schemas.vendor_record import VendorRecord
from tests.stress.beacons import FIRST_PROVIDER, beacon_ids, changed, not_worked
from tests.stress.log_file import last_words, tail
from tests.stress.observations import Ended, Observations
from tests.stress.outcome_tail import OutcomeTail
from tests.stress.tree import Tree
from tests.stress.worker_process import WorkerProcess, start_worker
from tests.support.slowness import patient
from tests.support.world import World

LOOK_SECONDS: Final = 0.02
SUPERVISOR_SECONDS: Final = 0.5
PUBLISH_SECONDS: Final = 30.0
POLICY: Final = {"policy_type": "General Liability", "number": "GL-1", "expires_on": "2027-03-31"}


@dataclass(kw_only=True)
class Scene:
    """The parts, and what was seen of them."""

    world: World
    tree: Tree
    late: float
    forget: bool
    patience: float
    tail: OutcomeTail
    control: Path
    seen: Observations
    may_restart: bool = False
    """Whether a worker may end by itself, to be started again."""
    vendors: int
    """Vendors besides the beacons, named v1, v2 and so on."""
    beacons: dict[int, VendorRecord] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)
    started: int = 0

    @property
    def numbers(self) -> range:
        """Those of the vendors, and of their providers."""
        return range(1, self.vendors + 1)

    def start(self) -> WorkerProcess:
        """One more worker, which is not ready yet."""
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
        """One more worker, which has its partitions; RuntimeError as by ``until_ready``."""
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

    def take_off(self, worker: WorkerProcess) -> None:
        """Kill it, if it runs, and forget it."""
        worker.kill()
        self.workers.remove(worker)

    def replace_ended(self) -> None:
        """Note every worker that ended by itself, and start another in its place, as a supervisor does."""
        for worker in [one for one in self.workers if not one.running]:
            self.workers.remove(worker)
            if not worker.meant_to_end:
                self.note_end(worker.name, worker.process.returncode, worker.log)
                self.start()

    def note_end(self, name: str, code: int, log: Path) -> None:
        """Note that a process ended by itself, and print the end of its log where that must not be."""
        ended = Ended(name=f"{self.world.folder.name}/{name}", code=code, said=last_words(log))
        (self.seen.restarts if self.may_restart else self.seen.ended).append(ended)
        if not self.may_restart:
            print(f"{ended.name} ended by itself with exit code {code}; the end of its log:\n{tail(log)}", flush=True)

    async def supervise(self) -> None:
        """Replace what ended by itself, until cancelled."""
        while True:
            self.replace_ended()
            await asyncio.sleep(SUPERVISOR_SECONDS)

    async def light(self) -> None:
        """Change the beacon of every partition."""
        self.beacons = {partition: changed(record) for partition, record in self.beacons.items()}
        await self.publish(self.beacons.values())

    async def publish(self, records: Iterable[VendorRecord]) -> None:
        """Publish vendor records."""
        voice = KafkaVoice(self.world.bootstrap, seconds=patient(PUBLISH_SECONDS))
        await asyncio.to_thread(load, list(records), voice=voice, codec=self.world.codec)

    async def read_outcomes_anew(self) -> None:
        """Follow the outcomes with a new consumer: one that has seen a broker go is no judge of workers that have.

        Raises:
            KafkaAwayError: Kafka does not answer.
        """
        self.tail.close()
        self.tail = await asyncio.to_thread(OutcomeTail, self.world.bootstrap, self.world.client_id, self.world.codec)

    async def worked_everywhere(self, *, since: float) -> float | None:
        """Wait until the beacons as last changed are worked on every partition.

        Args:
            since: when what is timed began, on the monotonic clock.

        Returns:
            The seconds since then; None when they passed the patience.

        Raises:
            RuntimeError: the outcomes can't be read any more.
        """
        while not_worked(self.beacons, self.tail.worked):
            if not self.tail.reading:
                raise RuntimeError("The outcomes can't be read any more: look at the error of the thread outcome-tail.")
            if time.monotonic() - since > self.patience:
                return None
            self.replace_ended()
            await asyncio.sleep(LOOK_SECONDS)
        return time.monotonic() - since

    def idle(self) -> list[WorkerProcess]:
        """The running workers that worked none of the beacons."""
        by = {self.tail.worked_by.get(beacon.vendor_id, "") for beacon in self.beacons.values()}
        pids = {name.rpartition("-")[2] for name in by}
        return [worker for worker in self.workers if worker.running and str(worker.process.pid) not in pids]

    async def describe_hang(self, what: str) -> str:
        """What is not worked, and how each worker stands."""
        told = [f"{what}: not worked: partitions {not_worked(self.beacons, self.tail.worked)}"]
        for worker in self.workers:
            told.append(
                f"--- {worker.name}{' (frozen)' if worker.frozen else ''}, the end of its log:\n{tail(worker.log)}"
            )
            if not worker.frozen:
                answer = await worker.ask("dump")
                told.append(f"--- {worker.name} stands so:\n{answer.get('dump', answer)}")
        return "\n".join(told)


@asynccontextmanager
async def scene_on(
    world: World,
    *,
    tree: Tree,
    vendors: int,
    late: float,
    patience: float,
    forget: bool,
    seen: Observations,
    may_restart: bool = False,
) -> AsyncIterator[Scene]:
    """A world with its vendors loaded, whose providers are right except for an insurance row; no worker runs yet."""
    ids = beacon_ids(world.client_id, DEFAULT_PARTITIONS)
    beacons = {
        partition: world.record(FIRST_PROVIDER + partition, vendor_id=vendor_id) for partition, vendor_id in ids.items()
    }
    numbers = range(1, vendors + 1)
    world.providers([*numbers, *(FIRST_PROVIDER + partition for partition in beacons)])
    records = [world.record(number, policies=[POLICY]) for number in numbers]
    await world.load([world.integration, *records, *beacons.values()])
    with tempfile.TemporaryDirectory(prefix="stress-") as control:
        scene = Scene(
            world=world,
            tree=tree,
            late=late,
            forget=forget,
            patience=patience,
            tail=OutcomeTail(world.bootstrap, world.client_id, world.codec),
            control=Path(control),
            seen=seen,
            may_restart=may_restart,
            vendors=vendors,
            beacons=beacons,
        )
        try:
            yield scene
        finally:
            scene.tail.close()
