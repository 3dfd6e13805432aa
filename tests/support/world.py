"""A client, its sandbox Vantaca and workers, on the session's Kafka."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accounting.credentials import CredentialsFolder
from accounting.port import AccountingSystem
from accounting.vantaca.adapter import Vantaca
from accounting.vantaca.sandbox import Company, CompanySettings, Provider, RunningSandbox, Sandbox, run_sandbox
from console.topic_queries.run_progress import RunProgress
from console.topic_queries.runs import follow, vendor_view
from devkit.broker import start_broker
from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from messaging.topic_admin import admin_of, create_topics, partition_count
from messaging.topic_reader import TopicReader
from processors.clock import Clock
from processors.config import WorkerConfig
from processors.runtime.worker import Worker
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import DEAD_LETTER, VENDOR_SYNC_OUTCOME
from schemas.wire.codec import Codec
from tests.support.eventually import eventually_async
from tests.support.slowness import patient

PASSWORD = f"pa55-{uuid.uuid4().hex}"
"""The password of every sandbox company of this test run; it must turn up nowhere (test_no_secret_leaks)."""
SESSION_TIMEOUT = patient(6.0)
"""Seconds; on an idle machine the shortest that Kafka allows by default. A worker that gets no processor stays a member."""
ANSWER_SECONDS = 30.0
"""How long Kafka may take to answer a question or to take records."""
UPDATE = "/write/providerUpdate"


@dataclass
class World:
    """One client of its own, so that tests share a Kafka without meeting."""

    bootstrap: str
    folder: Path
    sandbox: Sandbox
    running: RunningSandbox
    integration: Integration
    codec: Codec = field(default_factory=Codec)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def client_id(self) -> str:
        return self.integration.client_id

    @property
    def company(self) -> Company:
        return self.sandbox.companies[self.client_id]

    def record(self, number: int, **fields: Any) -> VendorRecord:
        """Vendor ``v<number>``, compliant and linked to provider ``number``, unless told otherwise."""
        given = {
            "client_id": self.client_id,
            "vendor_id": f"v{number}",
            "version": 1,
            "updated_at": datetime.now(UTC),
            "origin": Origin.SNAPSHOT,
            "provider_id": str(number),
            "compliant": True,
        }
        return VendorRecord.model_validate(given | fields)

    async def load(self, records: Iterable[Integration | VendorRecord]) -> None:
        producer = BlockingProducer(self.bootstrap, seconds=patient(ANSWER_SECONDS))
        await asyncio.to_thread(load, list(records), producer=producer, codec=self.codec)

    async def say(self, topic: str, key: bytes, value: bytes | None) -> None:
        producer = BlockingProducer(self.bootstrap, seconds=patient(ANSWER_SECONDS))
        await asyncio.to_thread(producer.publish, [OutgoingRecord(topic, key, value)])

    def providers(self, numbers: Iterable[int], **fields: Any) -> None:
        """Put providers that agree with ``record`` into the sandbox, unless told otherwise."""
        given = {"compliance_status": "Approved", "compliant": True} | fields
        for number in numbers:
            self.company.put(Provider(provider_id=number, name=f"Provider {number}").model_copy(update=given))

    async def press(self, vendor_ids: tuple[str, ...] | None = None) -> str:
        pressed = await asyncio.to_thread(
            request_sync,
            self.client_id,
            person="Dana",
            roles={CLIENT_ADMIN},
            integration=self.integration,
            producer=BlockingProducer(self.bootstrap, seconds=patient(ANSWER_SECONDS)),
            codec=self.codec,
            vendor_ids=vendor_ids,
        )
        return pressed.run_id

    async def settled(self, run_id: str, *, seconds: float = 60.0) -> RunProgress:
        """The run once every vendor is settled."""
        return await self.until(run_id, lambda progress: progress.done, seconds=seconds)

    async def until(self, run_id: str, holds: Callable[[RunProgress], bool], *, seconds: float = 60.0) -> RunProgress:
        """The run once it is so. A Kafka that does not answer is asked again until the time is over."""
        limit = patient(seconds)
        deadline = time.monotonic() + limit

        def look() -> RunProgress:
            for progress in follow(self.bootstrap, run_id, self.codec):
                if holds(progress):
                    return progress
                if time.monotonic() > deadline:
                    raise AssertionError(f"not so after {limit:g} s: {progress.counts()}{self._last_words()}")
            raise AssertionError(f"the run ended otherwise: {progress.counts()}{self._last_words()}")

        while True:
            try:
                return await asyncio.to_thread(look)
            except KafkaUnavailableError:
                if time.monotonic() > deadline:
                    raise

    def _last_words(self) -> str:
        """The end of each process's output."""
        lines = [
            f"\n{log.name}: {line}"
            for log in sorted(self.folder.glob("*.log"))
            for line in log.read_text().splitlines()[-20:]
        ]
        return "".join(lines)

    async def outcomes(self, vendor_id: str) -> tuple[VendorSyncOutcome, ...]:
        def look() -> tuple[VendorSyncOutcome, ...]:
            admin = admin_of(self.bootstrap)
            count = partition_count(admin, VENDOR_SYNC_OUTCOME)
            return vendor_view(
                self.bootstrap, VendorKey(self.client_id, vendor_id), self.codec, partitions=count
            ).outcomes

        return await asyncio.to_thread(look)

    async def vendor_says(
        self, vendor_id: str, status: Status, *, times: int = 1, seconds: float = 30.0
    ) -> VendorSyncOutcome:
        """The vendor's newest outcome of this status, once there are so many."""
        limit = patient(seconds)
        deadline = time.monotonic() + limit
        while True:
            found = [outcome for outcome in await self.outcomes(vendor_id) if outcome.status is status]
            if len(found) >= times:
                return found[-1]
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} outcomes {status} of {vendor_id} after {limit:g} s, not {times}")

    async def dead_letters(self) -> list[DeadLetter]:
        """Those of this client."""

        def look() -> list[DeadLetter]:
            with TopicReader(self.bootstrap, [DEAD_LETTER.name], seconds=patient(ANSWER_SECONDS)) as reader:
                letters = [self.codec.decode(DeadLetter, record.value) for record in reader.to_end()]
            return [letter for letter in letters if (letter.key or b"").startswith(self.client_id.encode())]

        return await asyncio.to_thread(look)

    def writes(self, path: str = UPDATE) -> list[str]:
        """The provider ids of the calls to ``path``, in order."""
        return [str(call.parameters["providerid"]) for call in self.sandbox.call_log.calls if call.path == path]

    @asynccontextmanager
    async def worker(
        self, *, clock: Clock | None = None, system: AccountingSystem | None = None, **settings: Any
    ) -> AsyncIterator[Worker]:
        """A worker in this process."""
        config = WorkerConfig(
            bootstrap=self.bootstrap,
            worker_id="in-process",
            data_folder=self.folder / "state",
            session_timeout=SESSION_TIMEOUT,
            heartbeat_interval=1.0,
            **settings,
        )
        systems = {VANTACA: system or Vantaca(CredentialsFolder(self.folder))}
        worker = Worker(config, systems=systems, codec=self.codec, clock=clock)
        stop, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(worker.run(stop, on_ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield worker
        finally:
            waiting.cancel()
            stop.set()
            await running

    def start_process(self, name: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """``vive-sync`` with these arguments; its output goes to a file that the secrets test reads."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", *arguments],
                env=self.environment(settings),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    async def start_ready_worker(self, name: str, **settings: str) -> subprocess.Popen[bytes]:
        """A worker process that has its partitions."""
        process = self.start_process(name, "worker", **settings)
        log = self.folder / f"{name}.log"
        await eventually_async(lambda: b"Worker ready." in log.read_bytes() or process.poll() is not None, seconds=60)
        assert process.poll() is None, log.read_text()
        return process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``vive-sync`` with these arguments to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=self.environment({}),
            capture_output=True,
            text=True,
            timeout=patient(60),
            check=False,
        )
        with (self.folder / "commands.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "VIVE_SYNC_KAFKA": self.bootstrap,
            "VIVE_SYNC_CREDENTIALS_DIR": str(self.folder),
            "VIVE_SYNC_DATA_DIR": str(self.folder / "state"),
            "VIVE_SYNC_SESSION_TIMEOUT": str(SESSION_TIMEOUT),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **settings,
        }


@asynccontextmanager
async def world_of(bootstrap: str, folder: Path, **fields: Any) -> AsyncIterator[World]:
    """A new client; ``fields`` go to its integration."""
    admin = admin_of(bootstrap)
    await asyncio.to_thread(create_topics, admin)
    client_id = f"client-{uuid.uuid4().hex[:8]}"
    secret = {"company": client_id, "login": "vive", "password": PASSWORD}
    (folder / f"{client_id}.json").write_text(json.dumps(secret))
    sandbox = Sandbox()
    sandbox.add_company(CompanySettings(company=client_id, login="vive", pwd=PASSWORD))
    async with await run_sandbox(sandbox) as running:
        given = {
            "client_id": client_id,
            "system": VANTACA,
            "mode": Mode.TWO_WAY,
            "pushes": tuple(FieldGroup),
            "status_texts": {"active": "Approved", "inactive": "Inactive", "exempt": "Compliance Exempt"},
            "base_url": running.url,
            "credentials_ref": client_id,
            "max_in_flight": 32,
            "updated_at": datetime.now(UTC),
        }
        world = World(
            bootstrap=bootstrap,
            folder=folder,
            sandbox=sandbox,
            running=running,
            integration=Integration.model_validate(given | fields),
        )
        try:
            yield world
        finally:
            for process in world.processes:
                if process.poll() is None:
                    process.kill()
                process.wait()


@asynccontextmanager
async def world_on_its_own(folder: Path) -> AsyncIterator[World]:
    """A new client on a Kafka that nobody else uses."""
    environ = {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
    with start_broker(environ=environ) as broker:
        async with world_of(broker.bootstrap, folder) as made:
            yield made
