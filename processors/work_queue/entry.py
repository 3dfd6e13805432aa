"""The queue's record of one vendor: its tasks and its state."""

from processors.work_queue.fifo import Linked
from processors.work_queue.task import KeyState, VendorSyncTask, combine, most_urgent
from schemas.records.vendor_key import VendorKey


class Entry(Linked):
    """The state of one key in the queue.

    ``first`` and ``more`` hold the tasks that were added since the key was last handed out, or since it is here;
    ``handed_out`` is the task that is being processed.
    """

    __slots__ = ("attempt", "calling", "first", "handed_out", "key", "lane", "more", "partition", "state", "ticket")

    def __init__(self, task: VendorSyncTask) -> None:
        super().__init__()
        self.key: VendorKey = task.key
        self.partition = task.partition
        self.lane = task.lane
        self.state = KeyState.WAITING
        self.attempt = 1
        self.calling = False
        self.ticket = 0
        self.first: VendorSyncTask | None = task
        # Nearly every key waits with one task: a list for each would double the memory of a waiting key.
        self.more: list[VendorSyncTask] | None = None
        self.handed_out: VendorSyncTask | None = None

    def join(self, task: VendorSyncTask) -> None:
        """Add a task to those that wait."""
        if self.first is None:
            self.first = task
            self.partition = task.partition
        elif self.more is None:
            self.more = [task]
        else:
            self.more.append(task)

    @property
    def waiting_tasks(self) -> tuple[VendorSyncTask, ...]:
        """The tasks that no attempt has taken yet, oldest first."""
        if self.first is None:
            return ()
        return (self.first, *self.more) if self.more else (self.first,)

    def begin(self) -> VendorSyncTask:
        """Hand out one task for all that wait."""
        self.handed_out = combine(self.waiting_tasks, attempt=self.attempt)
        self.first = self.more = None
        self.state = KeyState.PROCESSING
        self.calling = True
        return self.handed_out

    def finish(self) -> bool:
        """The task that is handed out is answered.

        Returns:
            Whether other tasks wait, for which a new first attempt follows.
        """
        self.handed_out = None
        if self.first is None:
            return False
        self.attempt = 1
        self.lane = most_urgent(self.waiting_tasks)
        return True

    def take_back(self) -> bool:
        """Put the task that is handed out before those that wait; the next attempt answers them all.

        Returns:
            Whether there is any task.
        """
        tasks = self.waiting_tasks if self.handed_out is None else (self.handed_out, *self.waiting_tasks)
        self.handed_out = None
        if not tasks:
            return False
        self.first, self.more = tasks[0], list(tasks[1:]) or None
        self.attempt += 1
        self.lane = most_urgent(tasks)
        return True

    def forget_tasks(self) -> None:
        """Drop all tasks: another worker answers their events."""
        self.handed_out = self.first = self.more = None
