from processors.work_queue.fifo import Linked
from processors.work_queue.task import KeyState, Request
from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


class Entry(Linked):
    """All that the queue keeps of one key.

    ``first`` and ``more`` are requests that no work handed out answers: what a waiting key will be taken with, or what
    came while it was processed. ``answering`` are those of the work that is out.
    """

    __slots__ = ("answering", "attempt", "calling", "first", "key", "lane", "more", "partition", "state", "ticket")

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.key: VendorKey = request.key
        self.partition = request.partition
        self.lane = request.lane
        self.state = KeyState.WAITING
        self.attempt = 1
        self.calling = False
        self.ticket = 0
        self.first: Request | None = request
        # Nearly every key waits with one request: a list for each would double what a waiting key costs.
        self.more: list[Request] | None = None
        self.answering: tuple[Request, ...] = ()

    def join(self, request: Request) -> None:
        """Keep one more request that is still to be answered."""
        if self.first is None:
            self.first = request
            self.partition = request.partition
        elif self.more is None:
            self.more = [request]
        else:
            self.more.append(request)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is still to be answered, oldest first."""
        if self.first is None:
            return ()
        return (self.first, *self.more) if self.more else (self.first,)

    def begin(self) -> tuple[Request, ...]:
        """Go to work on all that is to be answered."""
        self.answering = self.requests
        self.first = self.more = None
        self.state = KeyState.PROCESSING
        self.calling = True
        return self.answering

    def finish(self) -> bool:
        """Count the requests of the work as answered, and say whether others are left: a new piece of work."""
        self.answering = ()
        if self.first is None:
            return False
        self.attempt = 1
        self.lane = most_urgent(self.requests)
        return True

    def take_back(self) -> bool:
        """Make what is not answered, and what came meanwhile, one piece of work; say whether there is any."""
        requests = self.answering + self.requests
        self.answering = ()
        if not requests:
            return False
        self.first, self.more = requests[0], list(requests[1:]) or None
        self.attempt += 1
        self.lane = most_urgent(requests)
        return True

    def forget_requests(self) -> None:
        """Let the work that is out answer nobody, and nothing follow it."""
        self.answering = ()
        self.first = self.more = None


def most_urgent(requests: tuple[Request, ...]) -> Lane:
    """The lane of a piece of work: live when anyone waits for it."""
    return Lane.LIVE if any(request.lane is Lane.LIVE for request in requests) else Lane.BULK
