"""The waiting keys of one client, by lane, and its cap."""

from collections.abc import Callable

from processors.work_queue.entry import Entry
from processors.work_queue.fifo import Fifo, Linked
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


class ClientLimit:
    """Counts the keys of one client that are called, and compares them with the client's cap.

    This class is the only one that reads a client's cap. It reads the cap at each decision and never keeps it, so the cap
    may change at any time: a lower one applies from the next decision on, and keys that are called already stay.
    """

    __slots__ = ("_cap", "_client_id", "calling")

    def __init__(self, client_id: str, cap: Callable[[str], int]) -> None:
        self._client_id = client_id
        self._cap = cap
        self.calling = 0

    def has_room(self) -> bool:
        """Whether one more key of this client may be called."""
        return self.calling < self._cap(self._client_id)


class ClientTurn(Linked):
    """A client's waiting keys in one lane, and the client's position in the ring of that lane.

    Keys that were tried before go first: they were at the head of their client's line when they were taken, and the offset
    that can be committed waits for them.
    """

    __slots__ = ("again", "client_id", "fresh")

    def __init__(self, client_id: str) -> None:
        super().__init__()
        self.client_id = client_id
        self.again: Fifo[Entry] = Fifo()
        self.fresh: Fifo[Entry] = Fifo()

    def put(self, entry: Entry) -> None:
        """Append a key."""
        (self.again if entry.attempt > 1 else self.fresh).append(entry)

    def next(self) -> Entry | None:
        """Return the first key, or None."""
        return self.again.first or self.fresh.first

    def keys(self) -> list[VendorKey]:
        """All keys that wait here, in order."""
        return [entry.key for fifo in (self.again, self.fresh) for entry in fifo]


class Client:
    """The state of one client in the queue, as long as it has a key here or is paused."""

    __slots__ = ("client_id", "delayed", "keys", "limit", "paused", "probe", "turns")

    def __init__(self, client_id: str, cap: Callable[[str], int]) -> None:
        self.client_id = client_id
        self.limit = ClientLimit(client_id, cap)
        self.turns = {Lane.LIVE: ClientTurn(client_id), Lane.BULK: ClientTurn(client_id)}
        self.delayed: Fifo[Entry] = Fifo()
        self.keys = 0
        self.paused = False
        self.probe: VendorKey | None = None

    def next(self) -> Entry | None:
        """Return the first key of both lanes, or None."""
        return self.turns[Lane.LIVE].next() or self.turns[Lane.BULK].next()

    def waiting_keys(self) -> list[VendorKey]:
        """The keys that are not being processed: live, bulk, then those that wait for a retry time."""
        return [
            *self.turns[Lane.LIVE].keys(),
            *self.turns[Lane.BULK].keys(),
            *(entry.key for entry in self.delayed),
        ]
