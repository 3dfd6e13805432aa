"""The keys of the work queue, and questions about them that change nothing."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from processors.work_queue.accounted_events import accounted_events
from processors.work_queue.client_scheduler import ClientScheduler
from processors.work_queue.entry import Entry
from processors.work_queue.task import EventPosition, KeyState
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


class QueueState:
    """All keys of a queue, those that wait and those that are being processed."""

    def __init__(self, client_cap: Callable[[str], int]) -> None:
        self._entries: dict[VendorKey, Entry] = {}
        self._scheduler = ClientScheduler(client_cap)
        self._processing = 0
        self._calling = 0

    def next_due(self) -> float | None:
        """The earliest time that a delayed key waits for, or None; `take` at that time queues it for its turn."""
        return self._scheduler.delays.next_due()

    def state(self, key: VendorKey) -> KeyState | None:
        """The state of a key, or None when it is not here."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        return KeyState.DIRTY if entry.state is KeyState.PROCESSING and entry.first is not None else entry.state

    def accounts_for(self, positions: AbstractSet[EventPosition], *, calls_hang: bool) -> frozenset[EventPosition]:
        """Of these events, those that wait or whose calls are under way; see `accounted_events`. Call it rarely."""
        return accounted_events(self._entries.values(), positions, calls_hang=calls_hang)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def waiting(self, lane: Lane) -> int:
        """The number of keys that wait in a lane, including those of paused clients, without delayed ones."""
        return self._scheduler.waiting[lane]

    @property
    def delayed(self) -> int:
        """The number of keys that wait for their retry time."""
        return len(self._scheduler.delays)

    @property
    def processing(self) -> int:
        """The number of keys that are handed out, including released ones."""
        return self._processing

    @property
    def calling(self) -> int:
        """The number of keys that are handed out and not released."""
        return self._calling
