"""Vendors per second and CPU per vendor, from the press to the last outcome, with one worker.

    python -m bench.pipeline [--vendors 10000] [--rounds 3]

Every vendor differs, so that each costs one write. The stub answers after 0-5 ms, and after 50 ms, with 100 calls in flight.
Broker, stub and worker are processes of their own; rounds of the two latencies are interleaved.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from console.topic_queries.runs import status_of
from devkit.broker import start_broker
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, create_topics, partition_count
from messaging.topic_offsets import TopicOffsets
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.outcome import Status
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import VENDOR_SYNC_OUTCOME, VENDOR_TABLE_CHANGELOG, Topic
from schemas.wire.codec import Codec

IN_FLIGHT = 100
LATENCIES = {"0-5 ms": (0.0, 0.005), "50 ms": (0.05, 0.05)}
POLL_SECONDS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def process(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child process, ended with the context."""
    started = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if "-v" not in sys.argv else None,
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(30)


class Lengths:
    """The lengths of topics. No record is read, because the broker would use CPU for that during the measurement."""

    def __init__(self, bootstrap: str) -> None:
        self._partitions = partition_count(admin_of(bootstrap), VENDOR_SYNC_OUTCOME)
        self._offsets = TopicOffsets(bootstrap, seconds=10.0)

    def of(self, topic: Topic) -> int:
        """The present length."""
        return sum(self._offsets.ends((topic.name, number) for number in range(self._partitions)).values())

    def wait_for(self, topic: Topic, length: int) -> None:
        """Wait until a topic is so long."""
        while self.of(topic) < length:
            time.sleep(POLL_SECONDS)


def vendor_records(client: str, vendors: int) -> list[VendorRecord]:
    """Linked, compliant vendors with the providers 1 to ``vendors``."""
    return [
        VendorRecord(
            client_id=client,
            vendor_id=f"v{number}",
            version=1,
            updated_at=datetime.now(UTC),
            origin=Origin.SNAPSHOT,
            provider_id=str(number),
            compliant=True,
        )
        for number in range(1, vendors + 1)
    ]


def measure(bootstrap: str, stub_port: int, *, client: str, vendors: int, worker_pid: int) -> dict[str, float]:
    """One round with a client of its own."""
    codec = Codec()
    integration = Integration(
        client_id=client,
        system=VANTACA,
        mode=Mode.TWO_WAY,
        pushes=(FieldGroup.STATUS, FieldGroup.PAYMENT_HOLD, FieldGroup.INSURANCE),
        status_texts={"active": "Approved", "inactive": "Inactive"},
        base_url=f"http://127.0.0.1:{stub_port}",
        credentials_ref="bench",
        max_in_flight=IN_FLIGHT,
        updated_at=datetime.now(UTC),
    )
    producer = BlockingProducer(bootstrap, seconds=60.0)
    lengths = Lengths(bootstrap)
    rows = lengths.of(VENDOR_TABLE_CHANGELOG) + vendors
    load([integration, *vendor_records(client, vendors)], producer=producer, codec=codec)
    lengths.wait_for(VENDOR_TABLE_CHANGELOG, rows)
    outcomes = lengths.of(VENDOR_SYNC_OUTCOME) + 2 * vendors
    cpu, began = cpu_seconds(worker_pid), time.monotonic()
    pressed = request_sync(
        client, person="bench", roles={CLIENT_ADMIN}, integration=integration, producer=producer, codec=codec
    )
    lengths.wait_for(VENDOR_SYNC_OUTCOME, outcomes)
    lengths.wait_for(VENDOR_TABLE_CHANGELOG, rows + vendors)
    took, used = time.monotonic() - began, cpu_seconds(worker_pid) - cpu
    progress = status_of(bootstrap, pressed.run_id, codec)
    assert progress.counts().by_status == {Status.UPDATED: vendors}, progress.counts()
    return {"vendors_per_second": vendors / took, "cpu_ms_per_vendor": used / vendors * 1000}


def summary(name: str, results: Sequence[Mapping[str, float]]) -> str:
    """The closing line of one latency. ``bench.compare`` reads the figure of the CPU in it."""
    speeds = [result["vendors_per_second"] for result in results]
    cpus = [result["cpu_ms_per_vendor"] for result in results]
    return (
        f"{name}: min {min(speeds):.0f}, median {statistics.median(speeds):.0f}, max {max(speeds):.0f} vendors/s; "
        f"median {statistics.median(cpus):.2f} ms CPU a vendor"
    )


def print_round(name: str, result: Mapping[str, float], calls: Mapping[str, int]) -> None:
    """The line of one round; ``calls`` are the stub's counts."""
    print(
        f"{name}: {result['vendors_per_second']:.0f} vendors/s, {result['cpu_ms_per_vendor']:.2f} ms CPU a vendor, "
        f"{calls['all']} calls, most in flight {calls['most']}",
        flush=True,
    )


def main() -> None:
    """Print a line a round and the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--vendors", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-v", action="store_true", help="show the worker's log")
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LATENCIES}
    with tempfile.TemporaryDirectory() as folder, start_broker() as broker:
        create_topics(admin_of(broker.bootstrap))
        secret = {"company": "bench", "login": "bench", "password": "bench-password"}
        Path(folder, "bench.json").write_text(json.dumps(secret))
        environment = {
            "VIVE_SYNC_KAFKA": broker.bootstrap,
            "VIVE_SYNC_CREDENTIALS_DIR": folder,
            "VIVE_SYNC_DATA_DIR": f"{folder}/state",
            "VIVE_SYNC_CONCURRENCY": str(IN_FLIGHT),
            "VIVE_SYNC_LOG_LEVEL": "WARNING",
        }
        with process("-m", "cli", "worker", **environment) as worker:
            for number in range(arguments.rounds):
                for name, pause in LATENCIES.items():
                    with process("-m", "bench.stub", str(arguments.vendors), *map(str, pause)) as stub:
                        assert stub.stdout is not None
                        assert stub.stdin is not None
                        port = int(stub.stdout.readline())
                        client = f"bench-{number}-{name[:2].strip('- ')}"
                        result = measure(
                            broker.bootstrap, port, client=client, vendors=arguments.vendors, worker_pid=worker.pid
                        )
                        stub.stdin.write(b"?\n")
                        stub.stdin.flush()
                        found[name].append(result)
                        print_round(name, result, json.loads(stub.stdout.readline()))
    for name, results in found.items():
        print(summary(name, results))


if __name__ == "__main__":
    main()
