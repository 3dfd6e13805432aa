"""The cost of open progress streams: the lag of the console's event loop, and its memory, while a run goes on.

    python -m bench.streams [--streams 200] [--vendors 10000] [--seconds 20]

One process as `vive-sync console` is one: the server on the event loop, and a thread that projects the run's outcomes into
SQLite, evenly over so many seconds. A process of its own reads the streams. The lag is by how much a timer of 5 ms is late.
Where others use the machine too, a few timers are late by their doing: then look at the loop's own CPU, and at 99.9%.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from cli.processes.console_process import freeze_memory
from console.app import create_app
from console.auth.principal import Principal
from console.ports import ConsolePorts, DeadLetterReceipt, Health
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from producers.button import SyncReceipt
from schemas.records.dead_letter import LetterId
from schemas.records.outcome import Status
from schemas.records.sync_run import CHUNK_SIZE, QueuedVendor, RunPart, SyncRun
from tests.support.issuer import TestIssuer
from tests.support.projected import AT, TOPIC_ID, Projected, integration, outcome, record
from tests.support.serving import serving

CLIENT: Final = "acme"
RUN: Final = "run-of-the-bench"
PATH: Final = f"/clients/{CLIENT}/sync-runs/{RUN}/progress"
PROBE_SECONDS: Final = 0.005
BATCH_SECONDS: Final = 0.2
MAX_LAG_MS: Final = 100.0
MAX_GROWTH_MB: Final = 20.0


def press(principal: Principal, client_id: str, *, key: str | None = None) -> SyncReceipt:
    raise NotImplementedError(principal, client_id, key)


def handle(principal: Principal, client_id: str, letter_id: LetterId, *, note: str = "") -> DeadLetterReceipt | None:
    raise NotImplementedError(principal, client_id, letter_id, note)


def run_of(vendors: int) -> list[SyncRun]:
    """The run's parts: all its vendors in one partition, in chunks."""
    queued = [QueuedVendor(vendor_id=f"v{number}", offset=number) for number in range(vendors)]
    chunks = [tuple(queued[first : first + CHUNK_SIZE]) for first in range(0, vendors, CHUNK_SIZE)]

    run = SyncRun(run_id=RUN, client_id=CLIENT, part=RunPart.EXPANDING, at=AT, partitions=1, topic_id=TOPIC_ID)
    last = len(chunks) - 1
    shards = [
        {"part": RunPart.SHARD, "partition": 0, "chunk": number, "last": number == last, "queued": chunk}
        for number, chunk in enumerate(chunks)
    ]
    return [run, *(run.model_copy(update=shard) for shard in shards)]


def settle(projected: Projected, vendors: int, seconds: float, begin: threading.Event) -> None:
    """Project the outcomes of all vendors, evenly over so many seconds."""
    begin.wait()
    batches = max(1, round(seconds / BATCH_SECONDS))
    began = time.monotonic()
    for number in range(batches):
        time.sleep(max(0.0, began + number * BATCH_SECONDS - time.monotonic()))
        span = range(number * vendors // batches, (number + 1) * vendors // batches)
        projected.take(*(outcome(CLIENT, f"v{one}", Status.UPDATED, one, run_id=RUN) for one in span))


def megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def probe(lags: list[float], turns: list[float], memory: list[float]) -> None:
    """Note lags and the loop's own CPU in between, both in ms, and memory once a second."""
    loop = asyncio.get_running_loop()
    noted = 0.0
    while True:
        due, own = loop.time() + PROBE_SECONDS, time.thread_time()
        await asyncio.sleep(PROBE_SECONDS)
        lags.append((loop.time() - due) * 1000)
        turns.append((time.thread_time() - own) * 1000)
        if loop.time() - noted > 1:
            memory.append(megabytes())
            noted = loop.time()


async def serve(streams: int, vendors: int, seconds: float, folder: Path) -> bool:
    issuer = TestIssuer()
    engine = open_engine(f"sqlite:///{folder / 'read-model.sqlite'}")
    migrate(engine)
    projected = Projected(engine)
    projected.take(integration(CLIENT), *(record(CLIENT, f"v{number}") for number in range(vendors)))
    projected.take(*run_of(vendors))
    well = Health(database=True, projector=True, caught_up=True)
    parts = ConsolePorts(
        read_model=ReadModel(engine),
        request_sync=press,
        redrive=handle,
        discard=handle,
        verifier=issuer.verifier,
        health=lambda: well,
    )
    app, begin = create_app(parts), threading.Event()
    projecting = threading.Thread(target=settle, args=(projected, vendors, seconds, begin))
    projecting.start()
    lags, turns, memory = list[float](), list[float](), list[float]()
    async with serving(app) as address:
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.streams", "--read", address, "--streams", str(streams)),
            env={**os.environ, "BENCH_TOKEN": issuer.token(CLIENT)},
            stdout=subprocess.PIPE,
        )
        while app.state.progress.streams < streams:
            await asyncio.sleep(0.05)
        opened = megabytes()
        freeze_memory()
        probing = asyncio.create_task(probe(lags, turns, memory))
        cpu, began = time.process_time(), time.monotonic()
        begin.set()
        output, _ = await reader.communicate()
        took, used = time.monotonic() - began, time.process_time() - cpu
        probing.cancel()
        projecting.join()
    engine.dispose()
    return report(json.loads(output), lags, [opened, *memory], turn=max(turns), took=took, cpu=used)


def report(
    counts: Sequence[int], lags: list[float], memory: list[float], *, turn: float, took: float, cpu: float
) -> bool:
    lags.sort()
    half = len(memory) // 2
    growth = statistics.mean(memory[half:]) - statistics.mean(memory[1:half] or memory[:1])
    print(f"{len(counts)} streams, {sum(counts)} events ({min(counts)} to {max(counts)} each) in {took:.1f} s")
    nearly_most = lags[len(lags) * 999 // 1000]
    print(f"lag: median {statistics.median(lags):.1f} ms, 99.9% {nearly_most:.1f} ms, most {lags[-1]:.1f} ms")
    print(f"the loop's own CPU in its longest turn: {turn:.1f} ms")
    print(f"memory: {memory[0]:.0f} MB with all open, {memory[half]:.0f} MB half way, {memory[-1]:.0f} MB at the end")
    print(f"CPU: {100 * cpu / took:.0f}% of one core, the projection included")
    well = nearly_most < MAX_LAG_MS and turn < MAX_LAG_MS and growth < MAX_GROWTH_MB
    print(f"lag below {MAX_LAG_MS:.0f} ms, memory flat" if well else "NOT as it must be")
    return well


async def read(address: str, streams: int) -> list[int]:
    """The number of events of each stream until its end."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    asking = f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {os.environ['BENCH_TOKEN']}\r\n\r\n"

    async def one() -> int:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(asking.encode())
        events, done = 0, False
        while not done:
            line = await reader.readline()
            assert line, "the stream was cut"
            events += line.startswith(b"data: ")
            done = b'"done":true' in line
        writer.close()
        return events

    return await asyncio.gather(*(one() for _ in range(streams)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--vendors", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--read", metavar="ADDRESS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if given.read:
            print(json.dumps(runner.run(read(given.read, given.streams))))
            return
        with tempfile.TemporaryDirectory() as folder:
            well = runner.run(serve(given.streams, given.vendors, given.seconds, Path(folder)))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
