"""The real parts of one play: Kafka, a sandbox Vantaca, workers that are started again when they end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from accounting.vantaca.sandbox import Latency, RunningSandbox, Sandbox, run_sandbox
from devkit.broker import LocalBroker, LocalCluster
from devkit.demo_data import DemoClient
from devkit.small_disk import SmallDiskUnavailableError, small_disk
from messaging.producer import BlockingProducer, KafkaUnavailableError
from messaging.topic_admin import admin_of, create_topics
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load
from schemas.records.vendor_record import VendorRecord
from schemas.topics import VENDOR_RECORD
from schemas.wire.codec import Codec
from tests.chaos.final_state import books_of, flip, renew
from tests.support.slowness import patient

SESSION = 6.0
"""Seconds; the shortest session timeout that Kafka allows by default."""
RETRY_LATER = "[2, 4]"
SUPERVISOR_SECONDS = 0.5
ANSWER_SECONDS = patient(30)
"""How long Kafka may take to answer while nothing is broken."""
KAFKA_DISK = 256
"""Megabytes."""
WORKERS = 2


@dataclass
class Slot:
    """A place for one worker process after the other."""

    name: str
    process: subprocess.Popen[bytes]
    wanted: bool = True
    starts: int = 1


@dataclass
class Stage:
    """What a fault can strike."""

    folder: Path
    broker: LocalBroker | LocalCluster
    sandbox: Sandbox
    running: RunningSandbox
    books: list[DemoClient]
    kafka_disk: Path | None
    worker_disk: Path | None
    weakness: str = ""
    codec: Codec = field(default_factory=Codec)
    slots: dict[str, Slot] = field(default_factory=dict)
    exits: Counter[int] = field(default_factory=Counter)
    runs: list[str] = field(default_factory=list)
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is broken that must be whole again before the next such thing is."""
    poisoned: set[tuple[str, bytes]] = field(default_factory=set)

    @property
    def bootstrap(self) -> str:
        """Where Kafka is."""
        return self.broker.bootstrap

    @property
    def environment(self) -> dict[str, str]:
        """For every process of ours."""
        return {
            **os.environ,
            "VIVE_SYNC_KAFKA": self.bootstrap,
            "VIVE_SYNC_CREDENTIALS_DIR": str(self.folder),
            "VIVE_SYNC_DATA_DIR": str(self.worker_disk or self.folder / "state"),
            "VIVE_SYNC_SESSION_TIMEOUT": str(SESSION),
            "VIVE_SYNC_RETRY_LATER": RETRY_LATER,
            "VIVE_SYNC_LOG_LEVEL": "INFO",
            "NO_COLOR": "1",
        }

    def clock(self, name: str) -> Path:
        """The file that says by how much this slot's clock is wrong."""
        return self.folder / f"{name}.clock"

    def add_worker(self) -> Slot:
        """One more worker."""
        name = f"worker-{len(self.slots) + 1}"
        self.clock(name).write_text("0")
        self.slots[name] = Slot(name, self._start(name))
        return self.slots[name]

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        clock = {"CHAOS_CLOCK": str(self.clock(name)), "CHAOS_WEAKNESS": self.weakness}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker"],
                env=self.environment | clock,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def victim(self, draw: float) -> Slot | None:
        """A worker that runs, or None when none does."""
        alive = [slot for slot in self.slots.values() if slot.wanted and slot.process.poll() is None]
        return alive[int(draw * len(alive))] if alive else None

    async def supervise(self) -> None:
        """Start what has ended anew, as a supervisor does, until cancelled."""
        while True:
            await asyncio.sleep(SUPERVISOR_SECONDS)
            for slot in self.slots.values():
                code = slot.process.poll()
                if slot.wanted and code is not None:
                    self.exits[code] += 1
                    slot.starts += 1
                    slot.process = self._start(slot.name)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``vive-sync`` with these arguments to its end."""
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=patient(60),
            check=False,
        )

    async def press(self, client: DemoClient) -> None:
        """Press the button, again and again while Kafka is away."""
        while True:
            with suppress(KafkaUnavailableError):
                pressed = await asyncio.to_thread(self._press, client)
                self.runs.append(pressed)
                return

    def _press(self, client: DemoClient) -> str:
        return request_sync(
            client.integration.client_id,
            person="Dana",
            roles={CLIENT_ADMIN},
            integration=client.integration,
            producer=BlockingProducer(self.bootstrap),
            codec=self.codec,
        ).run_id

    async def change(self, number: int) -> None:
        """Renew a certificate of one vendor, and say so until Kafka has it."""
        at = number % len(self.books)
        self.books[at], record = renew(self.books[at], number * 7)
        await self._say([record])

    async def turn_over(self) -> None:
        """Turn every vendor's compliance over."""
        for at, client in enumerate(self.books):
            self.books[at], records = flip(client)
            await self._say(records)

    async def correct_poisoned_vendors(self) -> None:
        """Send the good record of each vendor again behind which one stands that can't be read."""
        keys = {key for topic, key in self.poisoned if topic == VENDOR_RECORD.name}
        vendors = (vendor.record for client in self.books for vendor in client.vendors)
        await self._say([record for record in vendors if record.key.to_bytes() in keys])

    async def _say(self, records: list[VendorRecord]) -> None:
        while True:
            with suppress(KafkaUnavailableError):
                await asyncio.to_thread(load, records, producer=BlockingProducer(self.bootstrap), codec=self.codec)
                return

    async def refuse_connections(self) -> None:
        """Close Vantaca's port."""
        await self.running.close()

    async def close_sandbox(self) -> None:
        """End the sandbox as it then runs."""
        await self.running.close()

    async def accept_connections(self) -> None:
        """Open it again."""
        self.running = await run_sandbox(self.sandbox, port=self.running.port)

    def ready(self, slot: Slot) -> bool:
        """Whether the slot's present process has its partitions; before that, SIGTERM ends it as it ends any process."""
        return (self.folder / f"{slot.name}.log").read_bytes().count(b"Worker ready.") >= slot.starts

    async def stop_workers(self) -> dict[str, tuple[int, float]]:
        """SIGTERM to all; exit code and seconds of each that was at work, once all have ended."""
        began = time.monotonic()
        alive = [slot for slot in self.slots.values() if slot.process.poll() is None]
        at_work = [slot for slot in alive if self.ready(slot)]
        for slot in self.slots.values():
            slot.wanted = False
        for slot in alive:
            slot.process.send_signal(signal.SIGTERM)
        stopped = {}
        for slot in at_work:
            code = await asyncio.to_thread(slot.process.wait, patient(60))
            stopped[slot.name] = (code, time.monotonic() - began)
        return stopped

    def kill_workers(self) -> None:
        """End every process that is left."""
        for slot in self.slots.values():
            slot.wanted = False
            slot.process.kill()
            slot.process.wait()


@asynccontextmanager
async def stage_of(
    *, folder: Path, nodes: int, small_kafka_disk: bool, small_worker_disk: bool, vendors: int, weakness: str = ""
) -> AsyncIterator[Stage]:
    """Everything started and loaded; nothing pressed yet."""
    async with AsyncExitStack() as parts:
        kafka_disk = _disk(parts, KAFKA_DISK) if small_kafka_disk else None
        worker_disk = _disk(parts, 1) if small_worker_disk else None
        broker = await asyncio.to_thread(_start_kafka, nodes, kafka_disk)
        parts.callback(broker.close)
        admin = admin_of(broker.bootstrap)
        await asyncio.to_thread(create_topics, admin, replication=nodes)
        sandbox = Sandbox()
        sandbox.faults.put("latency", Latency(min_seconds=0.03, max_seconds=0.15))
        running = await run_sandbox(sandbox)
        stage = Stage(
            folder=folder,
            broker=broker,
            sandbox=sandbox,
            running=running,
            books=books_of(running.url, vendors=vendors),
            kafka_disk=kafka_disk,
            worker_disk=worker_disk,
            weakness=weakness,
        )
        parts.push_async_callback(stage.close_sandbox)
        for client in stage.books:
            sandbox.add_company(client.company, [vendor.before for vendor in client.vendors])
            secret = {
                "company": client.company.company,
                "login": client.company.login,
                "password": client.company.pwd.get_secret_value(),
            }
            (folder / f"{client.integration.credentials_ref}.json").write_text(json.dumps(secret))
            producer = BlockingProducer(broker.bootstrap, seconds=ANSWER_SECONDS)
            await asyncio.to_thread(load, client.records, producer=producer, codec=stage.codec)
        parts.callback(stage.kill_workers)
        for _ in range(WORKERS):
            stage.add_worker()
        supervisor = asyncio.create_task(stage.supervise())
        parts.callback(supervisor.cancel)
        yield stage


def _start_kafka(nodes: int, disk: Path | None) -> LocalBroker | LocalCluster:
    return LocalCluster.start(nodes=nodes) if nodes > 1 else LocalBroker.start(disk=disk)


def _disk(parts: AsyncExitStack, megabytes: int) -> Path | None:
    """A small disk, or None where this user may not mount: the fault is then left out and reported as such."""
    try:
        return parts.enter_context(small_disk(megabytes))
    except SmallDiskUnavailableError:
        return None
