import gc
from collections.abc import Callable
from dataclasses import replace

import pytest

from processors.work_queue import Added, KeyState, VendorSyncTask, WorkQueue
from processors.work_queue.client_lanes import Client
from processors.work_queue.entry import Entry
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from tests.support.tasks import sync_task

ROOF = VendorKey("acme", "roof")
POOL = VendorKey("acme", "pool")
LAWN = VendorKey("acme", "lawn")
LIFT = VendorKey("zest", "lift")


def queue_of(concurrency: int = 100, cap: int = 100) -> WorkQueue:
    return WorkQueue(concurrency, lambda _: cap)


def bulk(key: VendorKey, offset: int = 0, partition: int = 0) -> VendorSyncTask:
    return sync_task(key, offset, partition=partition)


def live(key: VendorKey, offset: int = 0, partition: int = 0) -> VendorSyncTask:
    return sync_task(key, offset, partition=partition, lane=Lane.LIVE)


def taken(queue: WorkQueue, now: float = 0) -> VendorSyncTask:
    task = queue.take(now)
    assert task is not None
    return task


def keys_taken(queue: WorkQueue, now: float = 0) -> list[VendorKey]:
    keys = []
    while (task := queue.take(now)) is not None:
        keys.append(task.key)
    return keys


def test_all_events_of_a_waiting_key_are_one_task() -> None:
    queue = queue_of()
    tasks = bulk(ROOF, 7), bulk(ROOF, 12), live(ROOF, 9)
    assert [queue.add(task) for task in tasks] == [Added.QUEUED, Added.JOINED, Added.JOINED]
    task = taken(queue)
    assert task == sync_task(ROOF, 7, 12, 9, lane=Lane.LIVE)
    assert task.through_offset == 12
    assert queue.take(0) is None


def test_a_combined_task_has_cause_and_requester_of_the_first_event_and_the_first_run() -> None:
    queue = queue_of()
    first = replace(live(ROOF, 1), cause="vendor_changed", requested_by="VIVE")
    for task in (first, sync_task(ROOF, 2, run_id="run-1"), sync_task(ROOF, 3, run_id="run-2")):
        queue.add(task)
    assert taken(queue) == replace(first, offsets=(1, 2, 3), run_id="run-1")


def test_a_press_during_work_is_worked_once_more_and_not_at_the_same_time() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    taken(queue)
    assert [queue.add(bulk(ROOF, 2)), queue.add(bulk(ROOF, 3))] == [Added.DIRTY, Added.DIRTY]
    assert queue.state(ROOF) is KeyState.DIRTY
    queue.release(ROOF)
    assert queue.take(0) is None
    queue.done(ROOF)
    assert taken(queue).offsets == (2, 3)
    queue.done(ROOF)
    assert ROOF not in queue


def test_live_goes_before_a_hundred_thousand_in_bulk_and_pulls_its_own_key_out() -> None:
    queue = queue_of()
    for number in range(100_000):
        queue.add(bulk(VendorKey("acme", f"v{number}")))
    last = VendorKey("acme", "v99999")
    assert queue.add(live(last)) is Added.JOINED
    assert taken(queue).key == last
    assert queue.waiting(Lane.BULK) == 99_999


def test_a_small_client_is_served_in_the_midst_of_a_large_one() -> None:
    queue = queue_of()
    for number in range(1000):
        queue.add(bulk(VendorKey("acme", f"v{number}")))
    queue.add(bulk(LIFT))
    assert LIFT in [taken(queue).key for _ in range(2)]


def test_a_client_at_its_cap_leaves_the_rest_to_others() -> None:
    queue = queue_of(concurrency=3, cap=1)
    for key in (ROOF, POOL, LIFT):
        queue.add(bulk(key))
    assert keys_taken(queue) == [ROOF, LIFT]
    queue.release(ROOF)
    assert keys_taken(queue) == [POOL]
    assert (queue.calling, queue.processing) == (2, 3)


def test_concurrency_bounds_all_clients_together() -> None:
    queue = queue_of(concurrency=2)
    for key in (ROOF, POOL, LIFT):
        queue.add(live(key))
    assert len(keys_taken(queue)) == 2
    queue.done(ROOF)
    assert len(keys_taken(queue)) == 1


def test_a_raised_cap_counts_once_it_is_told_and_a_lowered_one_at_once() -> None:
    cap = 0
    queue = WorkQueue(10, lambda _: cap)
    queue.add(bulk(ROOF))
    queue.add(bulk(POOL))
    queue.add(bulk(LAWN))
    assert queue.take(0) is None
    cap = 2
    queue.cap_changed("acme")
    assert taken(queue).key == ROOF
    cap = 1
    assert queue.take(0) is None


def test_a_retry_waits_for_its_time_and_counts_the_attempt() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    queue.add(bulk(POOL, 2))
    taken(queue)
    queue.add(live(ROOF, 3))
    queue.retry(ROOF, at=10)
    assert queue.state(ROOF) is KeyState.DELAYED
    assert queue.next_due() == 10
    assert keys_taken(queue, now=9.9) == [POOL]
    assert taken(queue, now=10) == sync_task(ROOF, 1, 3, lane=Lane.LIVE, attempt=2)
    assert queue.next_due() is None


def test_a_key_tried_before_goes_before_the_others_of_its_client() -> None:
    queue = queue_of()
    for key in (ROOF, POOL, LAWN):
        queue.add(bulk(key))
    taken(queue)
    queue.retry(ROOF, at=10)
    assert keys_taken(queue, now=10) == [ROOF, POOL, LAWN]


@pytest.mark.parametrize(("task", "due_now"), [(live(ROOF, 2), True), (bulk(ROOF, 2), False)])
def test_only_a_live_event_ends_a_delay_and_never_the_count_of_attempts(task: VendorSyncTask, *, due_now: bool) -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    taken(queue)
    queue.retry(ROOF, at=10)
    assert queue.add(task) is Added.JOINED
    retried = queue.take(0)
    assert (retried is not None) is due_now
    retried = retried or taken(queue, now=10)
    assert (retried.attempt, retried.offsets) == (2, (1, 2))


def test_what_was_dirty_is_a_new_task_after_a_retried_one_is_done() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    taken(queue)
    queue.retry(ROOF, at=0)
    assert taken(queue).attempt == 2
    queue.add(bulk(ROOF, 2))
    queue.done(ROOF)
    assert taken(queue).attempt == 1


def test_a_paused_client_gets_one_probe_at_a_time() -> None:
    queue = queue_of()
    for key in (ROOF, POOL, LIFT):
        queue.add(bulk(key))
    queue.pause("acme")
    assert keys_taken(queue) == [LIFT]
    probe = queue.take_probe("acme", now=6)
    assert probe is not None
    assert probe.key == ROOF
    assert queue.take_probe("acme", now=6) is None
    queue.release(ROOF)
    assert queue.take_probe("acme", now=6) is None
    queue.done(ROOF)
    queue.resume("acme")
    assert queue.take_probe("acme", now=7) is None
    assert keys_taken(queue) == [POOL]


def test_the_waiting_keys_of_a_client_can_be_parked() -> None:
    queue = queue_of()
    queue.add(bulk(LAWN, 1))
    taken(queue)
    queue.retry(LAWN, at=10)
    queue.add(bulk(ROOF, 2))
    queue.add(live(POOL, 3))
    queue.add(bulk(LIFT, 4))
    queue.pause("acme")
    assert queue.waiting_of("acme") == [POOL, ROOF, LAWN]
    assert [queue.remove(key) for key in queue.waiting_of("acme")] == [
        live(POOL, 3),
        bulk(ROOF, 2),
        bulk(LAWN, 1),
    ]
    assert queue.waiting_of("acme") == []
    assert queue.next_due() is None
    assert queue.remove(POOL) is None
    taken(queue)
    assert queue.remove(LIFT) is None


def test_a_partition_that_goes_away_leaves_no_trace() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1, partition=1))
    queue.add(bulk(POOL, 2, partition=1))
    queue.add(bulk(LAWN, 3, partition=1))
    queue.add(bulk(LIFT, 4, partition=2))
    taken(queue)
    queue.add(live(ROOF, 5, partition=1))
    assert queue.drop({1}) == 2
    assert queue.state(ROOF) is KeyState.PROCESSING
    assert keys_taken(queue) == [LIFT]
    queue.done(ROOF)
    queue.done(LIFT)
    assert len(queue) == 0
    assert (queue.waiting(Lane.LIVE), queue.waiting(Lane.BULK), queue.processing, queue.calling) == (0, 0, 0, 0)


def test_work_on_a_dropped_partition_is_not_retried() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    taken(queue)
    queue.drop({0})
    queue.retry(ROOF, at=1)
    assert ROOF not in queue
    assert queue.next_due() is None


def test_a_partition_that_comes_back_while_its_old_work_is_out_waits_for_it() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    taken(queue)
    queue.drop({0})
    assert queue.add(bulk(ROOF, 1)) is Added.DIRTY
    assert queue.take(0) is None
    queue.done(ROOF)
    assert taken(queue) == bulk(ROOF, 1)


def test_ending_what_is_not_processed_is_refused() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF))
    for end in (queue.done, queue.release, lambda key: queue.retry(key, 1)):
        with pytest.raises(ValueError, match="acme:roof is not being processed"):
            end(ROOF)
    assert (queue.calling, queue.processing, queue.waiting(Lane.BULK)) == (0, 0, 1)


def test_taking_does_not_look_at_clients_that_may_not_be_worked_over_and_over() -> None:
    asked = 0

    def cap(_: str) -> int:
        nonlocal asked
        asked += 1
        return 1

    queue = WorkQueue(10_000, cap)
    for number in range(1000):
        queue.add(bulk(VendorKey(f"c{number}", "one")))
        queue.add(bulk(VendorKey(f"c{number}", "two")))
    assert len(keys_taken(queue)) == 1000
    asked = 0
    for _ in range(100):
        assert queue.take(0) is None
    assert asked == 0


def test_keys_that_come_and_go_while_no_time_passes_leave_nothing_behind() -> None:
    queue = queue_of()
    for key, at in ((LIFT, 500), (POOL, 2000)):
        queue.add(bulk(key))
        taken(queue)
        queue.retry(key, at=at)
    for offset in range(1000):
        queue.add(bulk(ROOF, offset))
        taken(queue)
        queue.retry(ROOF, at=1000)
        queue.remove(ROOF)
    assert (len(queue), queue.delayed, queue.next_due()) == (2, 2, 500)
    assert sum(isinstance(thing, Entry) and thing.key == ROOF for thing in gc.get_objects()) < 100
    assert keys_taken(queue, now=2000) == [LIFT, POOL]


def test_clients_without_keys_are_forgotten_once_they_are_not_paused() -> None:
    queue = queue_of()
    gc.collect()
    before = sum(isinstance(thing, Client) for thing in gc.get_objects())
    for number in range(100):
        key = VendorKey(f"c{number}", "v")
        queue.pause(key.client_id)
        queue.add(bulk(key))
        queue.remove(key)
        queue.resume(key.client_id)
        queue.add(bulk(key))
        taken(queue)
        queue.done(key)
        queue.pause(key.client_id)
        queue.resume(key.client_id)
    assert sum(isinstance(thing, Client) for thing in gc.get_objects()) == before


def test_a_live_event_for_a_dirty_key_in_bulk_is_live_afterwards() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF))
    taken(queue)
    queue.add(live(ROOF))
    queue.add(bulk(POOL))
    queue.done(ROOF)
    assert [taken(queue).lane, taken(queue).lane] == [Lane.LIVE, Lane.BULK]


def test_and_a_bulk_event_for_a_dirty_key_in_live_is_bulk() -> None:
    queue = queue_of()
    queue.add(live(ROOF))
    taken(queue)
    queue.add(bulk(ROOF))
    queue.done(ROOF)
    assert (queue.waiting(Lane.LIVE), queue.waiting(Lane.BULK)) == (0, 1)


def test_what_came_during_a_failed_attempt_follows_what_the_attempt_was_for() -> None:
    queue = queue_of()
    queue.add(bulk(ROOF, 1))
    queue.add(bulk(ROOF, 2))
    taken(queue)
    queue.add(bulk(ROOF, 3))
    queue.retry(ROOF, at=0)
    queue.add(bulk(ROOF, 4))
    assert taken(queue).offsets == (1, 2, 3, 4)


@pytest.mark.parametrize("end", [WorkQueue.done, lambda queue, key: queue.retry(key, 0)])
def test_the_next_probe_follows_when_the_first_has_ended(end: Callable[[WorkQueue, VendorKey], None]) -> None:
    queue = queue_of()
    queue.add(bulk(ROOF))
    queue.add(bulk(POOL))
    queue.pause("acme")
    probe = queue.take_probe("acme", now=0)
    assert probe is not None
    end(queue, probe.key)
    assert queue.take_probe("acme", now=0) is not None


def test_a_probe_is_under_the_caps_too_and_only_for_paused_clients() -> None:
    for concurrency, cap in ((1, 100), (100, 1)):
        queue = queue_of(concurrency, cap)
        queue.add(bulk(ROOF))
        queue.add(bulk(POOL))
        assert queue.take_probe("acme", now=0) is None
        taken(queue)
        queue.pause("acme")
        assert queue.take_probe("acme", now=0) is None
        queue.release(ROOF)
        assert queue.take_probe("acme", now=0) is not None


def test_a_delayed_live_key_is_due_at_once_for_another_live_event() -> None:
    queue = queue_of()
    queue.add(live(ROOF))
    taken(queue)
    queue.retry(ROOF, at=10)
    queue.add(live(ROOF))
    assert taken(queue).attempt == 2
    assert queue.next_due() is None
