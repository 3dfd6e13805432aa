from collections.abc import Callable
from collections.abc import Set as AbstractSet

from processors.work_queue.client_scheduler import ClientScheduler
from processors.work_queue.entry import Entry
from processors.work_queue.task import Added, EventPosition, KeyState, Request, Work
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


class WorkQueue:
    """Decides which vendor is worked next, so that no vendor is worked twice at once and no request is forgotten.

    Every request is answered by one piece of work that began after it was added: a request for a key that is being
    processed makes the key *dirty*, and it is worked once more. Live goes before bulk, clients take turns within a
    lane.

    ``concurrency`` is the most keys that are called at once over all clients, ``client_cap`` gives the most of one
    client. Neither bounds the keys whose calls are over and whose outcome is still being written: whoever writes
    outcomes slowly must take slowly.

    Each operation costs the same however many keys wait; only `drop` and `accounts_for` look at all. A client at its cap or
    paused is not looked at again until that changes, so whoever raises a cap must say so with `cap_changed`.

    Not for use from several threads.
    """

    def __init__(self, concurrency: int, client_cap: Callable[[str], int]) -> None:
        self._concurrency = concurrency
        self._entries: dict[VendorKey, Entry] = {}
        self._tenants = ClientScheduler(client_cap)
        self._processing = 0
        self._calling = 0

    def add(self, request: Request) -> Added:
        """Take a request in.

        A live request for a key that waits in bulk moves it to live. A live request for a delayed key makes it due at
        once: it speaks of a newer record, which the failure that the delay is for did not concern, and somebody waits.
        The attempt count is kept, so a stream of changes cannot try a failing vendor without end. A bulk request brings
        nothing newer, and a press must not undo the pauses of a whole run, so it joins and waits along.
        """
        entry = self._entries.get(request.key)
        if entry is None:
            self._entries[request.key] = entry = Entry(request)
            self._tenants.enter(request.key.client_id).keys += 1
            self._tenants.wait(entry)
            return Added.QUEUED
        entry.join(request)
        if entry.state is KeyState.PROCESSING:
            return Added.DIRTY
        if request.lane is Lane.LIVE and (entry.lane is Lane.BULK or entry.state is KeyState.DELAYED):
            self._tenants.withdraw(entry)
            entry.lane = Lane.LIVE
            self._tenants.wait(entry)
        return Added.JOINED

    def take(self, now: float) -> Work | None:
        """Hand out the key to work next, or nothing when none may be worked now.

        The key is processing from here until `done` or `retry`, whatever happens to the caller.
        """
        self._tenants.promote_due(now)
        if self._calling >= self._concurrency:
            return None
        entry = self._tenants.next()
        return self._begin(entry) if entry is not None else None

    def take_probe(self, client_id: str, now: float) -> Work | None:
        """Hand out one key of a paused client, to see whether it can be resumed.

        Nothing while another probe of this client is neither done nor to be retried, and nothing beyond the caps.
        """
        self._tenants.promote_due(now)
        client = self._tenants.get(client_id)
        if client is None or client.paused_since is None or client.probe is not None:
            return None
        entry = client.next()
        if entry is None or self._calling >= self._concurrency or not client.limit.has_room():
            return None
        client.probe = entry.key
        return self._begin(entry)

    def release(self, key: VendorKey) -> None:
        """Say that the calls of this key are over: another key may be called, this one stays processing.

        Twice is harmless.
        """
        entry = self._entry_at_work(key)
        if entry.calling:
            entry.calling = False
            self._calling -= 1
            client = self._tenants.of(entry)
            client.limit.calling -= 1
            self._tenants.settle(client)

    def done(self, key: VendorKey) -> None:
        """Say that the outcome is written: the requests of the work are answered.

        A dirty key waits again, at the end of the line, as a new piece of work.
        """
        entry = self._end(key)
        if entry.finish():
            self._tenants.wait(entry)
        else:
            self._forget(entry)

    def retry(self, key: VendorKey, at: float) -> None:
        """Let the same work, and all that came meanwhile, wait until a time.

        Requests that came while the work was out wait too, live ones as well: the failure is newer than they are. A key
        whose partition was dropped meanwhile and for which nothing came since vanishes.
        """
        entry = self._end(key)
        if entry.take_back():
            self._tenants.delay(entry, at)
        else:
            self._forget(entry)

    def pause(self, client_id: str, now: float) -> None:
        """Hand out no key of this client but probes, until `resume`. Its keys keep their order."""
        client = self._tenants.enter(client_id)
        if client.paused_since is None:
            client.paused_since = now
        self._tenants.settle(client)

    def resume(self, client_id: str) -> None:
        """Let this client take turns again. Harmless when it is not paused."""
        client = self._tenants.get(client_id)
        if client is not None:
            client.paused_since = client.probe = None
            self._tenants.settle(client)
            self._tenants.leave(client)

    def paused_since(self, client_id: str) -> float | None:
        """When this client was paused, or None when it is not."""
        client = self._tenants.get(client_id)
        return client.paused_since if client is not None else None

    def cap_changed(self, client_id: str) -> None:
        """Look at this client's cap anew. Without this a raised cap may go unnoticed until a key of the client ends."""
        client = self._tenants.get(client_id)
        if client is not None:
            self._tenants.settle(client)

    def waiting_of(self, client_id: str) -> list[VendorKey]:
        """This client's keys that nobody works, the delayed ones last: those that `remove` can take out."""
        client = self._tenants.get(client_id)
        return client.waiting_keys() if client is not None else []

    def remove(self, key: VendorKey) -> tuple[Request, ...] | None:
        """Take out a key that nobody works, and hand its requests to the caller, who must answer them.

        None, and nothing changes, when the key is being processed or is not known.
        """
        entry = self._entries.get(key)
        if entry is None or entry.state is KeyState.PROCESSING:
            return None
        self._take_out(entry)
        return entry.requests

    def drop(self, partitions: AbstractSet[int]) -> int:
        """Forget the requests of partitions that go away, and say how many keys left at once.

        They are another worker's to answer now. A key that is being processed stays so until `done`, since its calls go
        on; it is then gone, unless the partition came back and a new request with it.
        """
        left = 0
        for entry in [entry for entry in self._entries.values() if entry.partition in partitions]:
            if entry.state is KeyState.PROCESSING:
                entry.forget_requests()
            else:
                self._take_out(entry)
                left += 1
        return left

    def next_due(self) -> float | None:
        """The earliest time that a delayed key waits for: `take` then, and it waits for its turn instead."""
        return self._tenants.delays.next_due()

    def state(self, key: VendorKey) -> KeyState | None:
        """Where a key is, or None when it is not here."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        return KeyState.DIRTY if entry.state is KeyState.PROCESSING and entry.first is not None else entry.state

    def accounts_for(self, places: AbstractSet[EventPosition], *, calls_hang: bool) -> frozenset[EventPosition]:
        """Of these records, those whose key waits for its turn or its retry time, or whose calls are under way.

        Not among them: what is not here, what is called for no more and still not answered, and with ``calls_hang`` what is
        being called for. It looks at all keys: ask seldom.
        """
        found: set[EventPosition] = set()
        for entry in self._entries.values():
            in_hand = entry.state is not KeyState.PROCESSING or (entry.calling and not calls_hang)
            for request in (*entry.answering, *entry.requests):
                place = EventPosition(request.partition, request.offset)
                if place in places and (in_hand or request not in entry.answering):
                    found.add(place)
            if len(found) == len(places):
                break
        return frozenset(found)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def waiting(self, lane: Lane) -> int:
        """How many keys wait in a lane, those of paused clients included, delayed ones not."""
        return self._tenants.waiting[lane]

    @property
    def delayed(self) -> int:
        """How many keys wait for their retry time."""
        return len(self._tenants.delays)

    @property
    def processing(self) -> int:
        """How many keys are out, released ones included."""
        return self._processing

    @property
    def calling(self) -> int:
        """How many keys are out and not released."""
        return self._calling

    def _entry_at_work(self, key: VendorKey) -> Entry:
        entry = self._entries.get(key)
        if entry is None or entry.state is not KeyState.PROCESSING:
            raise ValueError(f"{key} is not being processed")
        return entry

    def _begin(self, entry: Entry) -> Work:
        self._tenants.call(entry)
        self._calling += 1
        self._processing += 1
        requests = entry.begin()
        through_offset = max(request.offset for request in requests)
        return Work(entry.key, entry.partition, requests, entry.lane, through_offset, entry.attempt)

    def _end(self, key: VendorKey) -> Entry:
        self.release(key)
        self._processing -= 1
        entry = self._entries[key]
        client = self._tenants.of(entry)
        if client.probe == key:
            client.probe = None
        return entry

    def _take_out(self, entry: Entry) -> None:
        self._tenants.withdraw(entry)
        self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.key]
        client = self._tenants.of(entry)
        client.keys -= 1
        self._tenants.leave(client)
