"""The read model with 100,000 vendors of one client: seconds to project, milliseconds to read.

    python -m bench.read_model [--vendors 100000] [--database sqlite:///FILE or postgresql://...]

Without a database, an SQLite file of its own. Vendor records, a run over all of them, its events and then an outcome for each
vendor are projected in batches as the projector makes them, from the bytes on the topics to committed rows; Kafka is not part
of it. Then the lists are read, the slowest searches among them: for what many names hold, and for what none does.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from console.read_model.folds.facts import TOPICS
from console.read_model.projection.source import BATCH
from console.read_model.projection.writer import Writer
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from console.read_model.store.lease import Lease
from console.read_model.store.views import VendorState
from messaging.topic_reader import ConsumedRecord
from schemas.message import Message
from schemas.records.outcome import Change, Status, VendorSyncOutcome
from schemas.records.sync_run import CHUNK_SIZE, Lane, QueuedVendor, RunPart, SyncRun
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_sync import Cause, VendorSync
from schemas.topics import SYNC_RUN, VENDOR_RECORD, VENDOR_SYNC, VENDOR_SYNC_OUTCOME, Topic
from schemas.wire.codec import Codec

CLIENT, RUN, TOPIC_ID = "acme", "01978d3c-5a7e-7c11-a0d2-3b1f6f1f0c55", "a-topic"
PARTITIONS = 12
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = Codec()
TRADES = ("Roofing", "Plumbing", "Landscaping", "Electric", "Painting", "Paving", "Pools", "Security")
CHANGE = Change(group="status", field="complianceStatus", before="Pending", after="Approved")


def vendor_id(number: int) -> str:
    return f"V{number:06d}"


def message(topic: Topic, number: int) -> Message:
    """A record about a vendor for a topic."""
    common = {"client_id": CLIENT, "vendor_id": vendor_id(number)}
    if topic is VENDOR_RECORD:
        name = f"{TRADES[number % len(TRADES)]} Company {number * 7919 % 1_000_003} LLC"
        return VendorRecord(
            **common, version=1, updated_at=AT, compliant=True, provider_id=str(number), legal_name=name
        )
    if topic is VENDOR_SYNC:
        return VendorSync(**common, lane=Lane.BULK, cause=Cause.SYNC_ALL, run_id=RUN, requested_at=AT)
    return VendorSyncOutcome(
        **common,
        provider_id=str(number),
        status=Status.FAILED if number % 1000 == 0 else Status.UPDATED,
        through_offset=number // PARTITIONS,
        topic_id=TOPIC_ID,
        run_id=RUN,
        cause=Cause.SYNC_ALL,
        requested_by="dana",
        changes=(CHANGE, CHANGE.model_copy(update={"field": "compliant"})),
        worker="worker-1",
        at=AT,
    )


def of_vendors(topic: Topic, vendors: int) -> list[ConsumedRecord]:
    """One record a vendor, in the order in which a reader of all partitions gets them."""
    return [
        ConsumedRecord(
            topic.name,
            number % PARTITIONS,
            number // PARTITIONS,
            VendorKey(CLIENT, vendor_id(number)).to_bytes(),
            CODEC.encode(message(topic, number), topic=topic.name),
        )
        for number in range(vendors)
    ]


def run_parts(vendors: int) -> list[ConsumedRecord]:
    """The parts of the run."""
    common = {"run_id": RUN, "client_id": CLIENT, "at": AT, "requested_by": "dana", "cause": "sync_all"}
    parts = [SyncRun(**common, part=RunPart.EXPANDING, partitions=PARTITIONS)]
    for partition in range(PARTITIONS):
        mine = range(partition, vendors, PARTITIONS)
        for chunk, begin in enumerate(range(0, len(mine), CHUNK_SIZE)):
            queued = tuple(
                QueuedVendor(vendor_id=vendor_id(number), offset=number // PARTITIONS)
                for number in mine[begin : begin + CHUNK_SIZE]
            )
            last = begin + CHUNK_SIZE >= len(mine)
            shard = {"part": RunPart.SHARD, "partition": partition, "chunk": chunk, "last": last, "queued": queued}
            parts.append(SyncRun(**common, **shard, topic_id=TOPIC_ID))
    return [
        ConsumedRecord(SYNC_RUN.name, 0, offset, RUN.encode(), CODEC.encode(part, topic=SYNC_RUN.name))
        for offset, part in enumerate(parts)
    ]


def project(engine: Engine, vendors: int) -> None:
    """Everything into the tables, with what each topic took."""
    lease = Lease(engine)
    lease.take(by_force=True)
    writer = Writer(engine, lease, CODEC, {topic.name: TOPIC_ID for topic in TOPICS}, partitions=PARTITIONS)
    writer.forget()
    for what, records in (
        ("vendor records", of_vendors(VENDOR_RECORD, vendors)),
        ("vendors of a run", run_parts(vendors)),
        ("events", of_vendors(VENDOR_SYNC, vendors)),
        ("outcomes", of_vendors(VENDOR_SYNC_OUTCOME, vendors)),
    ):
        began = time.perf_counter()
        for batch in _batches(records):
            writer.write(batch)
        took = time.perf_counter() - began
        print(f"{vendors:>9,} {what:<40}{took:8.1f} s {took / vendors * 1e6:8.0f} µs each")
    lease.give_back()


def _batches(records: Sequence[ConsumedRecord]) -> Iterator[Sequence[ConsumedRecord]]:
    for begin in range(0, len(records), BATCH):
        yield records[begin : begin + BATCH]


def read(engine: Engine, vendors: int) -> None:
    """Every list, with the median and the slowest of ten times."""
    model = ReadModel(engine)
    middle = model.vendors(CLIENT, limit=vendors // 2).next_cursor
    failed = frozenset({VendorState.FAILED})
    settled = frozenset({VendorState.FAILED, VendorState.UPDATED, VendorState.UNCHANGED})
    for what, ask in (
        ("client", lambda: model.client(CLIENT)),
        ("run", lambda: model.run(CLIENT, RUN)),
        ("runs", lambda: model.runs(CLIENT)),
        ("vendors, first page", lambda: model.vendors(CLIENT)),
        ("vendors, page in the middle", lambda: model.vendors(CLIENT, cursor=middle)),
        ("vendors, one state", lambda: model.vendors(CLIENT, states=failed)),
        ("vendors, three states", lambda: model.vendors(CLIENT, states=settled, cursor=middle)),
        ("vendors, search that all match", lambda: model.vendors(CLIENT, search="company")),
        ("vendors, search that some match", lambda: model.vendors(CLIENT, search="POOLS")),
        ("vendors, search that one matches", lambda: model.vendors(CLIENT, search=vendor_id(vendors // 2))),
        ("vendors, search that none matches", lambda: model.vendors(CLIENT, search="no such thing")),
        ("vendors, search in a rare state", lambda: model.vendors(CLIENT, states=failed, search="pools")),
        ("vendors, search in three states", lambda: model.vendors(CLIENT, states=settled, search="no such thing")),
        ("vendors of the run, first page", lambda: model.run_vendors(CLIENT, RUN)),
        ("vendors of the run, page in the middle", lambda: model.run_vendors(CLIENT, RUN, cursor=middle)),
        ("vendors of the run, rare state", lambda: model.run_vendors(CLIENT, RUN, states=failed)),
        ("vendors of the run, usual state", lambda: model.run_vendors(CLIENT, RUN, states=settled)),
        ("vendors of the run, search, some match", lambda: model.run_vendors(CLIENT, RUN, search="pools")),
        ("vendors of the run, search, none matches", lambda: model.run_vendors(CLIENT, RUN, search="no such thing")),
        ("one vendor", lambda: model.vendor(CLIENT, vendor_id(7))),
    ):
        print(f"          {what:<42}", *(f"{ms:7.1f} ms" for ms in _median_and_worst(ask)))


def _median_and_worst(ask: Callable[[], object]) -> tuple[float, float]:
    took = []
    for _ in range(10):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), max(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vendors", type=int, default=100_000)
    parser.add_argument("--database", help="an empty one; what is projected in it is dropped")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vive-sync-bench-") as folder:
        engine = open_engine(given.database or f"sqlite:///{Path(folder) / 'read-model.sqlite'}")
        migrate(engine)
        project(engine, given.vendors)
        read(engine, given.vendors)
        engine.dispose()


if __name__ == "__main__":
    main()
