"""The work queue against a model made of plain lists that is looked through from end to end for every answer."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from processors.work_queue import Added, KeyState, VendorSyncTask, WorkQueue
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey
from tests.support.tasks import sync_task

CLIENTS = ("ada", "bob", "cyd")
PARTITIONS = 3
RUN = "run"
KEYS = tuple(VendorKey(client, f"v{number}") for client in CLIENTS for number in range(4))


def partition_of(key: VendorKey) -> int:
    return KEYS.index(key) % PARTITIONS


@dataclass
class Held:
    """What the model knows of one key. ``place`` orders the keys that wait in one line."""

    key: VendorKey
    lane: Lane
    place: int
    state: KeyState = KeyState.WAITING
    tasks: list[VendorSyncTask] = field(default_factory=list)
    handed_out: list[VendorSyncTask] = field(default_factory=list)
    """The tasks of single events that the task that is handed out answers."""
    attempt: int = 1
    due: float = 0
    calling: bool = False

    def urgency(self) -> Lane:
        return Lane.LIVE if any(task.lane is Lane.LIVE for task in self.tasks) else Lane.BULK


class Against(RuleBasedStateMachine):
    @initialize(concurrency=st.integers(1, 6), caps=st.lists(st.integers(0, 4), min_size=3, max_size=3))
    def begin(self, concurrency: int, caps: list[int]) -> None:
        self.concurrency = concurrency
        self.caps = dict(zip(CLIENTS, caps, strict=True))
        self.queue = WorkQueue(concurrency, lambda client: self.caps[client])
        self.now = 0.0
        self.offset = 0
        self.step = 0
        self.places = 0
        self.held: list[Held] = []
        self.paused: set[str] = set()
        self.probes: dict[str, VendorKey] = {}
        self.added_at: dict[int, int] = {}
        self.begun_at: dict[VendorKey, int] = {}
        self.ended: list[int] = []
        """Offsets that were answered, dropped or removed."""
        # Who was served since a client came to wait for its turn, by lane and client.
        self.served: dict[tuple[Lane, str], list[str]] = {}

    # -- the model ---------------------------------------------------------------------------------------------------

    def find(self, key: VendorKey) -> Held | None:
        return next((held for held in self.held if held.key == key), None)

    def at_work(self) -> list[Held]:
        return [held for held in self.held if held.state is KeyState.PROCESSING]

    def calling(self, client: str | None = None) -> int:
        return sum(held.calling and client in {None, held.key.client_id} for held in self.held)

    def new_place(self) -> int:
        self.places += 1
        return self.places

    def line(self, lane: Lane, client: str) -> list[Held]:
        """The keys of a client that wait in a lane, in order: those tried before first."""
        waiting = [
            held
            for held in self.held
            if held.state is KeyState.WAITING and held.lane is lane and held.key.client_id == client
        ]
        return sorted(waiting, key=lambda held: (held.attempt == 1, held.place))

    def eligible(self, lane: Lane) -> list[str]:
        return [
            client
            for client in CLIENTS
            if client not in self.paused and self.calling(client) < self.caps[client] and self.line(lane, client)
        ]

    def promote_due(self) -> None:
        due = [held for held in self.held if held.state is KeyState.DELAYED and held.due <= self.now]
        for held in sorted(due, key=lambda held: (held.due, held.place)):
            held.state, held.place = KeyState.WAITING, self.new_place()

    def note_turns(self) -> None:
        for lane in Lane:
            eligible = self.eligible(lane)
            for client in CLIENTS:
                if client in eligible:
                    self.served.setdefault((lane, client), [])
                else:
                    self.served.pop((lane, client), None)

    def combined(self, held: Held, *, attempt: int) -> VendorSyncTask:
        offsets = [offset for task in held.tasks for offset in task.offsets]
        return sync_task(
            held.key, *offsets, lane=held.urgency(), partition=partition_of(held.key), run_id=RUN, attempt=attempt
        )

    def check_begun(self, task: VendorSyncTask, held: Held) -> None:
        assert task == self.combined(held, attempt=held.attempt)
        assert task.lane is held.lane
        assert task.through_offset == max(task.offsets)
        held.state, held.handed_out, held.tasks, held.calling = KeyState.PROCESSING, held.tasks, [], True
        self.begun_at[held.key] = self.step
        assert self.calling() <= self.concurrency
        assert self.calling(held.key.client_id) <= self.caps[held.key.client_id]

    def check_ended(self, held: Held) -> None:
        held.calling = False
        if self.probes.get(held.key.client_id) == held.key:
            del self.probes[held.key.client_id]

    # -- what can happen -----------------------------------------------------------------------------------------------

    @rule(key=st.sampled_from(KEYS), lane=st.sampled_from(Lane))
    def ask(self, key: VendorKey, lane: Lane) -> None:
        self.add(key, lane)

    @rule(client=st.sampled_from(CLIENTS))
    def press(self, client: str) -> None:
        for key in KEYS:
            if key.client_id == client:
                self.add(key, Lane.BULK)

    def add(self, key: VendorKey, lane: Lane) -> None:
        self.offset += 1
        self.added_at[self.offset] = self.step
        task = sync_task(key, self.offset, lane=lane, partition=partition_of(key), run_id=RUN)
        held = self.find(key)
        if held is None:
            expected = Added.QUEUED
            held = Held(key, lane, self.new_place())
            self.held.append(held)
        elif held.state is KeyState.PROCESSING:
            expected = Added.DIRTY
        else:
            expected = Added.JOINED
            if lane is Lane.LIVE and (held.lane is Lane.BULK or held.state is KeyState.DELAYED):
                held.state, held.lane, held.place = KeyState.WAITING, Lane.LIVE, self.new_place()
        held.tasks.append(task)
        assert self.queue.add(task) is expected

    @rule(count=st.integers(1, 4))
    def take_some(self, count: int) -> None:
        for _ in range(count):
            self.take()

    def take(self) -> None:
        self.promote_due()
        self.note_turns()
        task = self.queue.take(self.now)
        lane = next((lane for lane in (Lane.LIVE, Lane.BULK) if self.eligible(lane)), None)
        if lane is None or self.calling() >= self.concurrency:
            assert task is None
            return
        assert task is not None
        client = task.key.client_id
        assert client in self.eligible(lane)
        for other, served in ((other, self.served[lane, other]) for other in self.eligible(lane) if other != client):
            assert client not in served, f"{client} was served twice while {other} waited for its turn"
            served.append(client)
        self.served[lane, client] = []
        self.check_begun(task, self.line(lane, client)[0])

    @rule(data=st.data())
    def take_probe(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(sorted(self.paused) or CLIENTS))
        self.promote_due()
        task = self.queue.take_probe(client, self.now)
        waiting = [*self.line(Lane.LIVE, client), *self.line(Lane.BULK, client)]
        room = self.calling() < self.concurrency and self.calling(client) < self.caps[client]
        if client not in self.paused or client in self.probes or not waiting or not room:
            assert task is None
            return
        assert task is not None
        self.probes[client] = task.key
        self.check_begun(task, waiting[0])

    @precondition(lambda self: self.at_work())
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.at_work()))
        held.calling = False
        self.queue.release(held.key)

    @precondition(lambda self: self.at_work())
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        self.end(data.draw(st.sampled_from(self.at_work())))

    def end(self, held: Held) -> None:
        for task in held.handed_out:
            assert self.added_at[task.through_offset] < self.begun_at[held.key]
            self.ended.append(task.through_offset)
        self.check_ended(held)
        held.handed_out = []
        if held.tasks:
            held.state, held.attempt, held.place, held.lane = KeyState.WAITING, 1, self.new_place(), held.urgency()
        else:
            self.held.remove(held)
        self.queue.done(held.key)

    @precondition(lambda self: self.at_work())
    @rule(data=st.data(), delay=st.integers(-1, 5))
    def retry(self, data: st.DataObject, delay: int) -> None:
        held = data.draw(st.sampled_from(self.at_work()))
        self.check_ended(held)
        held.tasks, held.handed_out = held.handed_out + held.tasks, []
        if held.tasks:
            held.state, held.due, held.place = KeyState.DELAYED, self.now + delay, self.new_place()
            held.attempt, held.lane = held.attempt + 1, held.urgency()
        else:
            self.held.remove(held)
        self.queue.retry(held.key, self.now + delay)

    @rule(client=st.sampled_from(CLIENTS))
    def pause(self, client: str) -> None:
        self.paused.add(client)
        self.queue.pause(client)

    @rule(client=st.sampled_from(CLIENTS))
    def resume(self, client: str) -> None:
        self.paused.discard(client)
        self.probes.pop(client, None)
        self.queue.resume(client)

    @rule(client=st.sampled_from(CLIENTS), cap=st.integers(0, 4))
    def change_cap(self, client: str, cap: int) -> None:
        lower = cap <= self.caps[client]
        self.caps[client] = cap
        if not lower:
            self.queue.cap_changed(client)

    @rule(seconds=st.integers(1, 4))
    def let_time_pass(self, seconds: int) -> None:
        self.now += seconds

    @rule(key=st.sampled_from(KEYS))
    def remove(self, key: VendorKey) -> None:
        held = self.find(key)
        removed = self.queue.remove(key)
        if held is None or held.state is KeyState.PROCESSING:
            assert removed is None
            return
        assert removed == self.combined(held, attempt=1)
        self.ended += removed.offsets
        self.held.remove(held)

    @rule(partitions=st.sets(st.integers(0, PARTITIONS - 1)))
    def drop(self, partitions: set[int]) -> None:
        gone = [held for held in self.held if partition_of(held.key) in partitions]
        for held in gone:
            self.ended += [task.through_offset for task in (*held.handed_out, *held.tasks)]
            held.handed_out, held.tasks = [], []
        self.held = [held for held in self.held if held not in gone or held.state is KeyState.PROCESSING]
        left = sum(held.state is not KeyState.PROCESSING for held in gone)
        assert self.queue.drop(partitions) == left

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def agrees(self) -> None:
        self.step += 1
        self.note_turns()
        queue = self.queue
        for key in KEYS:
            held = self.find(key)
            state = held.state if held is not None else None
            if held is not None and state is KeyState.PROCESSING and held.tasks:
                state = KeyState.DIRTY
            assert queue.state(key) is state
            assert (key in queue) is (held is not None)
        delayed = [held for held in self.held if held.state is KeyState.DELAYED]
        for lane in Lane:
            assert queue.waiting(lane) == sum(len(self.line(lane, client)) for client in CLIENTS)
        assert queue.delayed == len(delayed)
        assert queue.processing == len(self.at_work())
        assert queue.calling == self.calling()
        assert len(queue) == len(self.held)
        assert queue.next_due() == min((held.due for held in delayed), default=None)
        for client in CLIENTS:
            line = [held.key for lane in (Lane.LIVE, Lane.BULK) for held in self.line(lane, client)]
            late = sorted((held for held in delayed if held.key.client_id == client), key=lambda held: held.place)
            assert queue.waiting_of(client) == line + [held.key for held in late]

    def teardown(self) -> None:
        """Let all work go well: then every event has come to its end, once."""
        if not hasattr(self, "queue"):
            return
        self.now += 100
        for client in CLIENTS:
            self.resume(client)
            self.change_cap(client, 3)
        while self.held:
            self.agrees()
            for held in self.at_work():
                self.end(held)
            self.agrees()
            self.take()
        self.agrees()
        assert sorted(self.ended) == list(range(1, self.offset + 1))


TestWorkQueueAgainstModel = Against.TestCase
TestWorkQueueAgainstModel.settings = settings(max_examples=150, stateful_step_count=60)
