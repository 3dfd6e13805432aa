"""The work queue and the offset ledger at a million keys: microseconds per operation, bytes per key.

``python -m bench.work_queue [KEYS]``
"""

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from processors.transport.offset_ledger import OffsetLedger
from processors.work_queue import Request, Work, WorkQueue
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey

CLIENTS = 10_000
PARTITIONS = 12
CONCURRENCY = 200
CLIENT_CAP = 8


def requests(count: int, lane: Lane, first_offset: int) -> list[Request]:
    """One request for each vendor, ids as long as UUIDs, vendors of all clients mixed."""
    client_ids = [f"client-{number:029d}" for number in range(CLIENTS)]
    return [
        Request(
            VendorKey(client_ids[number % CLIENTS], f"vendor-{number:029d}"),
            number % PARTITIONS,
            first_offset + number,
            lane,
        )
        for number in range(count)
    ]


def resident() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    """Print what one of so many operations took, in CPU time of this process."""
    began = time.process_time()
    yield
    took = time.process_time() - began
    print(f"{what:<62}{took / count * 1e6:9.2f} µs {took:8.2f} s in all")


def work_off(queue: WorkQueue, end: Callable[[Work], None]) -> int:
    """Keep the queue's concurrency full, end the oldest work each time, until nothing is left."""
    out: list[Work] = []
    head = ended = 0
    while True:
        while (work := queue.take(0.0)) is not None:
            out.append(work)
        if head == len(out):
            return ended
        work, head = out[head], head + 1
        if head == 10_000:
            del out[:head]
            head = 0
        queue.release(work.key)
        end(work)
        ended += 1


def bench_queue(count: int) -> None:
    """All operations, each over all keys."""
    gc.collect()
    before = resident()
    asked = requests(count, Lane.BULK, 0)
    gc.collect()
    with_requests = resident()
    queue = WorkQueue(CONCURRENCY, lambda _: CLIENT_CAP)
    with measured("add a key", count):
        for request in asked:
            queue.add(request)
    gc.collect()
    full = resident()
    print(f"{'bytes per waiting key: the queue':<62}{(full - with_requests) / count:9.0f}")
    print(f"{'bytes per waiting key: its request, key and ids':<62}{(with_requests - before) / count:9.0f}")

    tenth = count // 10
    with measured("look for work with every client paused", tenth):
        for number in range(CLIENTS):
            queue.pause(asked[number].key.client_id, 0.0)
        for _ in range(tenth):
            queue.take(0.0)
        for number in range(CLIENTS):
            queue.resume(asked[number].key.client_id)
    again = requests(tenth, Lane.LIVE, count)
    with measured("a live request moves a key that waits in bulk", tenth):
        for request in again:
            queue.add(request)
    with measured("take, release, retry, and take, release, done", count):
        work_off(queue, lambda work: queue.done(work.key) if work.attempt > 1 else queue.retry(work.key, 0.0))

    for request in asked:
        queue.add(request)
    with measured("take, release, done", count):
        work_off(queue, lambda work: queue.done(work.key))

    for request in asked:
        queue.add(request)
    with measured(f"drop one of {PARTITIONS} partitions, per key that waits", count):
        queue.drop({0})
    with measured("drop all others, per key that goes", len(queue)):
        queue.drop(set(range(PARTITIONS)))


def bench_ledger(count: int) -> None:
    """A partition whose records all wait, finish from the back, and then in order."""
    gc.collect()
    before = resident()
    ledger = OffsetLedger(0)
    with measured("ledger: read a record", count):
        for offset in range(count):
            ledger.read(offset)
    print(f"{'ledger: bytes per unfinished record':<62}{(resident() - before) / count:9.2f}")
    with measured("ledger: finish, the newest first", count):
        for offset in range(count - 1, -1, -1):
            ledger.finish(offset)
    with measured("ledger: read a record behind a hole, and finish it", count):
        for offset in range(count + 1, 3 * count, 2):
            ledger.read(offset)
            ledger.read(offset)
            ledger.finish(offset)


def main() -> None:
    """Run both."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{count:,} keys of {CLIENTS:,} clients, {CONCURRENCY} called at once")
    bench_queue(count)
    bench_ledger(count)
    print(f"{'most memory of the process':<62}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:9.0f} MB")


if __name__ == "__main__":
    main()
