"""Chooses the next key: clients take turns within a lane."""

from collections.abc import Callable

from processors.work_queue.client_lanes import Client, ClientTurn
from processors.work_queue.delays import Delays
from processors.work_queue.entry import Entry
from processors.work_queue.fifo import Fifo
from processors.work_queue.task import KeyState
from schemas.records.sync_run import Lane


class ClientScheduler:
    """Holds the keys that are not being processed, by client, and chooses the next one.

    The ring of a lane holds exactly the clients that have a key waiting in that lane, are not paused and had room under
    their cap when last checked. So a client that may not be worked is not checked twice, and no client of a ring is served
    a second time before every other one was served once.
    """

    __slots__ = ("_client_cap", "_clients", "_rings", "delays", "waiting")

    def __init__(self, client_cap: Callable[[str], int]) -> None:
        self._client_cap = client_cap
        self._clients: dict[str, Client] = {}
        self._rings: dict[Lane, Fifo[ClientTurn]] = {Lane.LIVE: Fifo(), Lane.BULK: Fifo()}
        self.delays = Delays()
        self.waiting = {Lane.LIVE: 0, Lane.BULK: 0}

    def get(self, client_id: str) -> Client | None:
        """Return the client if it has a key here or is paused, or None."""
        return self._clients.get(client_id)

    def enter(self, client_id: str) -> Client:
        """Return the client, and create it if it is new."""
        client = self._clients.get(client_id)
        if client is None:
            self._clients[client_id] = client = Client(client_id, self._client_cap)
        return client

    def of(self, entry: Entry) -> Client:
        """Return the client of a key that is here."""
        return self._clients[entry.key.client_id]

    def leave(self, client: Client) -> None:
        """Remove a client that has no keys and is not paused."""
        if not client.keys and not client.paused:
            self._clients.pop(client.client_id, None)

    def update_rings(self, client: Client) -> None:
        """Add the client to the rings, or take it out of them: a ring holds the clients of which a key may be taken now."""
        may_work = not client.paused and client.limit.has_room()
        for lane, turn in client.turns.items():
            if not may_work or turn.next() is None:
                turn.leave()
            elif turn.fifo is None:
                self._rings[lane].append(turn)

    def wait(self, entry: Entry) -> None:
        """Add a key to those that wait for their turn."""
        client = self.of(entry)
        entry.state = KeyState.WAITING
        client.turns[entry.lane].put(entry)
        self.waiting[entry.lane] += 1
        self.update_rings(client)

    def delay(self, entry: Entry, at: float) -> None:
        """Delay a key until ``at``."""
        entry.state = KeyState.DELAYED
        self.of(entry).delayed.append(entry)
        self.delays.put(entry, at)

    def promote_due(self, now: float) -> None:
        """Move the delayed keys whose time has come to those that wait for their turn."""
        while (entry := self.delays.pop_due(now)) is not None:
            entry.leave()
            self.wait(entry)

    def withdraw(self, entry: Entry) -> None:
        """Remove a key from those that wait or are delayed."""
        entry.leave()
        if entry.state is KeyState.DELAYED:
            self.delays.forget(entry)
        else:
            self.waiting[entry.lane] -= 1
            self.update_rings(self.of(entry))

    def next(self) -> Entry | None:
        """Return the key whose turn it is, or None: live before bulk, then the client that has waited longest."""
        for ring in self._rings.values():
            while (turn := ring.first) is not None:
                client = self._clients[turn.client_id]
                if client.limit.has_room():
                    return turn.next()
                self.update_rings(client)
        return None

    def call(self, entry: Entry) -> None:
        """Count a waiting key as called under its client's cap, and move the client to the end of the ring."""
        client = self.of(entry)
        client.limit.calling += 1
        client.turns[entry.lane].leave()
        self.withdraw(entry)
