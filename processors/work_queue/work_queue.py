"""Decides which vendor is worked next."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from processors.work_queue.entry import Entry
from processors.work_queue.queue_state import QueueState
from processors.work_queue.task import Added, KeyState, VendorSyncTask, combine
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


class WorkQueue(QueueState):
    """Decides which vendor is worked next, so that no vendor is worked twice at once and no event is forgotten.

    Every event is answered by an attempt that began after the event was added: a task for a key that is being processed
    makes the key *dirty*, and the key is worked once more. Live goes before bulk, clients take turns within a lane.

    ``concurrency`` bounds the keys that are called at once over all clients, ``client_cap`` returns the bound of one
    client. Neither bounds the keys whose calls are over and whose outcome is not yet written; the caller bounds these by
    the pace of `take`.

    Each operation costs the same however many keys wait; only `drop` and `accounts_for` scan all keys. A client that is
    paused or at its cap is not looked at again until that changes, so the caller reports a raised cap with `cap_changed`.

    Not for use from several threads.
    """

    def __init__(self, concurrency: int, client_cap: Callable[[str], int]) -> None:
        super().__init__(client_cap)
        self._concurrency = concurrency

    def add(self, task: VendorSyncTask) -> Added:
        """Add a task of one event.

        A live task for a key that waits in bulk moves the key to live. A live task for a delayed key makes the key due at
        once: it stands for a newer record, which the failure before the delay did not concern, and somebody waits. The
        attempt count is kept, so a stream of changes cannot try a failing vendor without end. A bulk task brings nothing
        newer, and another run must not undo the pauses of a whole run, so the task joins and waits along.
        """
        entry = self._entries.get(task.key)
        if entry is None:
            self._entries[task.key] = entry = Entry(task)
            self._scheduler.enter(task.key.client_id).keys += 1
            self._scheduler.wait(entry)
            return Added.QUEUED
        entry.join(task)
        if entry.state is KeyState.PROCESSING:
            return Added.DIRTY
        if task.lane is Lane.LIVE and (entry.lane is Lane.BULK or entry.state is KeyState.DELAYED):
            self._scheduler.withdraw(entry)
            entry.lane = Lane.LIVE
            self._scheduler.wait(entry)
        return Added.JOINED

    def take(self, now: float) -> VendorSyncTask | None:
        """Hand out the task to work next, or None when no key may be worked now.

        The key is processing from here until `done` or `retry`, whatever happens to the caller.
        """
        self._scheduler.promote_due(now)
        if self._calling >= self._concurrency:
            return None
        entry = self._scheduler.next()
        return self._begin(entry) if entry is not None else None

    def take_probe(self, client_id: str, now: float) -> VendorSyncTask | None:
        """Hand out one task of a paused client, as a test whether the client can be resumed.

        None while another probe of this client is neither done nor to be retried, and None beyond the caps.
        """
        self._scheduler.promote_due(now)
        client = self._scheduler.get(client_id)
        if client is None or not client.paused or client.probe is not None:
            return None
        entry = client.next()
        if entry is None or self._calling >= self._concurrency or not client.limit.has_room():
            return None
        client.probe = entry.key
        return self._begin(entry)

    def release(self, key: VendorKey) -> None:
        """The calls of this key are over: another key may be called, this one stays processing.

        A second call has no effect.
        """
        entry = self._entry_at_work(key)
        if entry.calling:
            entry.calling = False
            self._calling -= 1
            client = self._scheduler.of(entry)
            client.limit.calling -= 1
            self._scheduler.update_rings(client)

    def done(self, key: VendorKey) -> None:
        """The outcome is written, which answers the events of the task.

        A dirty key waits again, at the end of the line, as a new task.
        """
        entry = self._end(key)
        if entry.finish():
            self._scheduler.wait(entry)
        else:
            self._forget(entry)

    def retry(self, key: VendorKey, at: float) -> None:
        """Delay the task that is handed out, and all tasks that were added meanwhile, until a time.

        Live tasks that were added meanwhile wait too: the failure is newer than they are. A key whose partition was
        dropped meanwhile and for which no task was added since leaves the queue.
        """
        entry = self._end(key)
        if entry.take_back():
            self._scheduler.delay(entry, at)
        else:
            self._forget(entry)

    def pause(self, client_id: str) -> None:
        """Hand out only probes of this client until `resume`. Its keys keep their order."""
        client = self._scheduler.enter(client_id)
        client.paused = True
        self._scheduler.update_rings(client)

    def resume(self, client_id: str) -> None:
        """Let this client take turns again; no effect when it is not paused."""
        client = self._scheduler.get(client_id)
        if client is not None:
            client.paused, client.probe = False, None
            self._scheduler.update_rings(client)
            self._scheduler.leave(client)

    def cap_changed(self, client_id: str) -> None:
        """Check this client's cap again. Without this call a raised cap may have no effect until a key of the client ends."""
        client = self._scheduler.get(client_id)
        if client is not None:
            self._scheduler.update_rings(client)

    def waiting_of(self, client_id: str) -> list[VendorKey]:
        """This client's keys that are not being processed, the delayed ones last: `remove` can take these out."""
        client = self._scheduler.get(client_id)
        return client.waiting_keys() if client is not None else []

    def remove(self, key: VendorKey) -> VendorSyncTask | None:
        """Take a key that is not being processed out of the queue; the caller must answer the events of the task.

        Returns:
            One task of all the key's events, as a first attempt; None, and nothing changes, when the key is being
            processed or is not here.
        """
        entry = self._entries.get(key)
        if entry is None or entry.state is KeyState.PROCESSING:
            return None
        self._scheduler.withdraw(entry)
        self._forget(entry)
        return combine(entry.waiting_tasks, attempt=1)

    def drop(self, partitions: AbstractSet[int]) -> int:
        """Forget the tasks of partitions that another worker takes over.

        A key that is being processed stays so until `done`, since its calls go on. It leaves then, unless the partition
        came back and a new task with it.

        Returns:
            The number of keys that left at once.
        """
        left = 0
        for entry in [entry for entry in self._entries.values() if entry.partition in partitions]:
            if entry.state is KeyState.PROCESSING:
                entry.forget_tasks()
            else:
                self._scheduler.withdraw(entry)
                self._forget(entry)
                left += 1
        return left

    def _entry_at_work(self, key: VendorKey) -> Entry:
        entry = self._entries.get(key)
        if entry is None or entry.state is not KeyState.PROCESSING:
            raise ValueError(f"{key} is not being processed")
        return entry

    def _begin(self, entry: Entry) -> VendorSyncTask:
        self._scheduler.call(entry)
        self._calling += 1
        self._processing += 1
        return entry.begin()

    def _end(self, key: VendorKey) -> Entry:
        self.release(key)
        self._processing -= 1
        entry = self._entries[key]
        client = self._scheduler.of(entry)
        if client.probe == key:
            client.probe = None
        return entry

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.key]
        client = self._scheduler.of(entry)
        client.keys -= 1
        self._scheduler.leave(client)
