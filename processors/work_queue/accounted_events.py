"""Which events the queue accounts for, as the watchdog asks."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from processors.work_queue.entry import Entry
from processors.work_queue.task import EventPosition


def accounted_events(
    entries: Iterable[Entry], positions: AbstractSet[EventPosition], *, calls_hang: bool
) -> frozenset[EventPosition]:
    """Of these events, those whose key waits for its turn or its retry time, or whose calls are under way.

    Left out are events that are not in the queue, events whose calls are over and that are not answered yet, and with
    ``calls_hang`` events whose calls are under way.
    """
    found: set[EventPosition] = set()
    for entry in entries:
        tasks = entry.waiting_tasks
        if entry.handed_out is not None and entry.calling and not calls_hang:
            tasks = (entry.handed_out, *tasks)
        for task in tasks:
            held = (EventPosition(task.partition, offset) for offset in task.offsets)
            found.update(position for position in held if position in positions)
        if len(found) == len(positions):
            break
    return frozenset(found)
