from collections.abc import Callable

from processors.work_queue.client_lanes import Client, ClientTurn
from processors.work_queue.delays import Delays
from processors.work_queue.entry import Entry
from processors.work_queue.fifo import Fifo
from processors.work_queue.task import KeyState
from schemas.records.sync_run import Lane


class ClientScheduler:
    """All keys that nobody works, by client, and whose turn is next.

    In a lane's ring stands exactly who has a key waiting in that lane, is not paused and, when last looked at, had room
    under its cap. So nobody who may not be worked is looked at twice, and in a ring nobody is served a second time
    before everybody was once.
    """

    __slots__ = ("_client_cap", "_clients", "_rings", "delays", "waiting")

    def __init__(self, client_cap: Callable[[str], int]) -> None:
        self._client_cap = client_cap
        self._clients: dict[str, Client] = {}
        self._rings: dict[Lane, Fifo[ClientTurn]] = {Lane.LIVE: Fifo(), Lane.BULK: Fifo()}
        self.delays = Delays()
        self.waiting = {Lane.LIVE: 0, Lane.BULK: 0}

    def get(self, client_id: str) -> Client | None:
        """The client, if it has a key here or is paused."""
        return self._clients.get(client_id)

    def enter(self, client_id: str) -> Client:
        """The client, made known if it is new."""
        client = self._clients.get(client_id)
        if client is None:
            self._clients[client_id] = client = Client(client_id, self._client_cap)
        return client

    def of(self, entry: Entry) -> Client:
        """The client of a key that is here."""
        return self._clients[entry.key.client_id]

    def leave(self, client: Client) -> None:
        """Forget a client about which there is nothing to know."""
        if not client.keys and client.paused_since is None:
            self._clients.pop(client.client_id, None)

    def settle(self, client: Client) -> None:
        """Put a client into the rings, or out of them, as it may or may not be handed a key now."""
        may_work = client.paused_since is None and client.limit.has_room()
        for lane, turn in client.turns.items():
            if not may_work or turn.next() is None:
                turn.leave()
            elif turn.fifo is None:
                self._rings[lane].append(turn)

    def wait(self, entry: Entry) -> None:
        """Let a key wait for its turn."""
        client = self.of(entry)
        entry.state = KeyState.WAITING
        client.turns[entry.lane].put(entry)
        self.waiting[entry.lane] += 1
        self.settle(client)

    def delay(self, entry: Entry, at: float) -> None:
        """Let a key wait for a time first."""
        entry.state = KeyState.DELAYED
        self.of(entry).delayed.append(entry)
        self.delays.put(entry, at)

    def promote_due(self, now: float) -> None:
        """Let the keys whose time has come wait for their turn."""
        while (entry := self.delays.pop_due(now)) is not None:
            entry.leave()
            self.wait(entry)

    def withdraw(self, entry: Entry) -> None:
        """Let a key that waits or is delayed do so no longer."""
        entry.leave()
        if entry.state is KeyState.DELAYED:
            self.delays.forget(entry)
        else:
            self.waiting[entry.lane] -= 1
            self.settle(self.of(entry))

    def next(self) -> Entry | None:
        """The key whose turn it is. Live before bulk, then the client that has waited longest."""
        for ring in self._rings.values():
            while (turn := ring.first) is not None:
                client = self._clients[turn.client_id]
                if client.limit.has_room():
                    return turn.next()
                self.settle(client)
        return None

    def call(self, entry: Entry) -> None:
        """Let a waiting key be called, under its client's cap, and the client go to the end of the ring."""
        client = self.of(entry)
        client.limit.calling += 1
        client.turns[entry.lane].leave()
        self.withdraw(entry)
