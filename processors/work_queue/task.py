"""The task that travels from the event to the outcome, and the states of a key in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSyncTask:
    """One vendor to sync, and the ``vendor-sync`` events that its outcome answers.

    The coordinator makes a task of each event. The queue combines the waiting tasks of a vendor into one when it hands
    the vendor out, and the outcome of that task answers all their events.

    Attributes:
        offsets: of the events, in the order in which they were added; at least one.
        topic_id: of the topic ``vendor-sync`` to which the offsets belong.
        run_id: the run that the outcome counts for; None outside a run.
        attempt: counts from 1. Above 1 the worker has tried the same events before.
    """

    key: VendorKey
    partition: int
    offsets: tuple[int, ...]
    topic_id: str
    lane: Lane
    cause: str
    requested_by: str
    run_id: str | None = None
    attempt: int = 1

    @property
    def through_offset(self) -> int:
        """The highest event offset that the outcome answers."""
        return max(self.offsets)


def combine(tasks: Sequence[VendorSyncTask], *, attempt: int) -> VendorSyncTask:
    """Make one task of a vendor's tasks, oldest first.

    The first task gives cause and requester, and the first task of a run gives the run.
    """
    first = tasks[0]
    if len(tasks) == 1:
        return first if first.attempt == attempt else replace(first, attempt=attempt)
    return replace(
        first,
        offsets=tuple(offset for task in tasks for offset in task.offsets),
        lane=most_urgent(tasks),
        run_id=next((task.run_id for task in tasks if task.run_id), None),
        attempt=attempt,
    )


def most_urgent(tasks: Sequence[VendorSyncTask]) -> Lane:
    """The lane of the tasks together: live when any of them is live."""
    return Lane.LIVE if any(task.lane is Lane.LIVE for task in tasks) else Lane.BULK


class EventPosition(NamedTuple):
    """The position of an event in the topic ``vendor-sync``."""

    partition: int
    offset: int


class Added(StrEnum):
    """The effect of adding a task.

    ``queued``: the vendor was not in the queue and waits now. ``joined``: the vendor waited already, and one outcome will
    answer all its tasks. ``dirty``: the vendor is being processed, perhaps with older data, so it is worked once more.
    """

    QUEUED = "queued"
    JOINED = "joined"
    DIRTY = "dirty"


class KeyState(StrEnum):
    """The state of a key: ``delayed`` waits for its retry time, ``dirty`` is processing and will be worked once more."""

    WAITING = "waiting"
    DELAYED = "delayed"
    PROCESSING = "processing"
    DIRTY = "dirty"
