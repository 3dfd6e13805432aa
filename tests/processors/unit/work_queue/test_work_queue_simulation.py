import heapq
import random
from collections import Counter

from processors.work_queue import Added, VendorSyncTask, WorkQueue
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from tests.support.tasks import sync_task

KEYS = 200_000
CLIENTS = 400
CAP = 8
CONCURRENCY = 1000
LONGEST_CALL = 0.08
LIVE_EVERY = 200
RETRIED = 0.02


def test_two_hundred_thousand_vendors_of_unequal_clients() -> None:
    """A run of every client begins at once, calls take up to 80 ms, live changes keep coming, some calls fail.

    Client 0 owns half of all vendors. Every event is answered, no vendor is called twice at once, no client's cap is
    exceeded, a live change waits for a call of its own client at most, and the large client does not keep the small
    ones waiting.
    """
    chance = random.Random(1)  # noqa: S311 a simulation wants the same numbers each time
    queue = WorkQueue(CONCURRENCY, lambda _: CAP)
    client_of = [0 if number % 2 else 1 + number % (CLIENTS - 1) for number in range(KEYS)]
    keys = [VendorKey(f"c{client_of[number]}", f"v{number}") for number in range(KEYS)]
    for offset, key in enumerate(keys):
        queue.add(sync_task(key, offset))

    offset, now, answered = KEYS, 0.0, 0
    out: list[tuple[float, int, VendorSyncTask]] = []
    at_once: Counter[str] = Counter()
    called: set[VendorKey] = set()
    live_since: dict[VendorKey, float] = {}
    end_of_the_small = 0.0
    while len(queue):
        while (task := queue.take(now)) is not None:
            assert task.key not in called
            called.add(task.key)
            at_once[task.key.client_id] += 1
            assert at_once[task.key.client_id] <= CAP
            assert now - live_since.pop(task.key, now) <= LONGEST_CALL
            call = chance.uniform(LONGEST_CALL / 4, LONGEST_CALL)
            heapq.heappush(out, (now + call, task.through_offset, task))
        assert len(out) <= CONCURRENCY
        if not out:
            due = queue.next_due()
            assert due is not None
            now = max(now, due)
            continue
        now, _, task = heapq.heappop(out)
        called.remove(task.key)
        at_once[task.key.client_id] -= 1
        queue.release(task.key)
        if task.attempt < 3 and chance.random() < RETRIED:
            queue.retry(task.key, now + task.attempt)
            continue
        queue.done(task.key)
        before, answered = answered, answered + len(task.offsets)
        if task.lane is Lane.BULK and task.key.client_id != "c0":
            end_of_the_small = now
        if before // LIVE_EVERY != answered // LIVE_EVERY and offset < KEYS + KEYS // LIVE_EVERY:
            key = chance.choice(keys)
            if queue.add(sync_task(key, offset, lane=Lane.LIVE)) is not Added.DIRTY:
                live_since[key] = now
            offset += 1

    assert answered == offset
    assert offset > KEYS + KEYS // LIVE_EVERY // 2
    assert (queue.waiting(Lane.LIVE), queue.waiting(Lane.BULK), queue.delayed, queue.processing) == (0, 0, 0, 0)
    # Half of the vendors share one cap, so the large client needs its time: the others are done long before.
    assert end_of_the_small < now / 50
