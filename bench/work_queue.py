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
from processors.work_queue import VendorSyncTask, WorkQueue
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey

CLIENTS = 10_000
PARTITIONS = 12
CONCURRENCY = 200
CLIENT_CAP = 8


def tasks(count: int, lane: Lane, first_offset: int) -> list[VendorSyncTask]:
    """One task for each vendor, ids as long as UUIDs, vendors of all clients mixed."""
    client_ids = [f"client-{number:029d}" for number in range(CLIENTS)]
    return [
        VendorSyncTask(
            key=VendorKey(client_ids[number % CLIENTS], f"vendor-{number:029d}"),
            partition=number % PARTITIONS,
            offsets=(first_offset + number,),
            topic_id="topic",
            lane=lane,
            cause="sync_all",
            requested_by="bench",
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


def work_off(queue: WorkQueue, end: Callable[[VendorSyncTask], None]) -> int:
    """Keep the queue's concurrency full, end the oldest task each time, until nothing is left."""
    out: list[VendorSyncTask] = []
    head = ended = 0
    while True:
        while (task := queue.take(0.0)) is not None:
            out.append(task)
        if head == len(out):
            return ended
        task, head = out[head], head + 1
        if head == 10_000:
            del out[:head]
            head = 0
        queue.release(task.key)
        end(task)
        ended += 1


def bench_queue(count: int) -> None:
    """All operations, each over all keys."""
    gc.collect()
    before = resident()
    added = tasks(count, Lane.BULK, 0)
    gc.collect()
    with_tasks = resident()
    queue = WorkQueue(CONCURRENCY, lambda _: CLIENT_CAP)
    with measured("add a key", count):
        for task in added:
            queue.add(task)
    gc.collect()
    full = resident()
    print(f"{'bytes per waiting key: the queue':<62}{(full - with_tasks) / count:9.0f}")
    print(f"{'bytes per waiting key: its task, key and ids':<62}{(with_tasks - before) / count:9.0f}")

    tenth = count // 10
    with measured("look for work with every client paused", tenth):
        for number in range(CLIENTS):
            queue.pause(added[number].key.client_id)
        for _ in range(tenth):
            queue.take(0.0)
        for number in range(CLIENTS):
            queue.resume(added[number].key.client_id)
    again = tasks(tenth, Lane.LIVE, count)
    with measured("a live task moves a key that waits in bulk", tenth):
        for task in again:
            queue.add(task)
    with measured("take, release, retry, and take, release, done", count):
        work_off(queue, lambda task: queue.done(task.key) if task.attempt > 1 else queue.retry(task.key, 0.0))

    for task in added:
        queue.add(task)
    with measured("take, release, done", count):
        work_off(queue, lambda task: queue.done(task.key))

    for task in added:
        queue.add(task)
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
