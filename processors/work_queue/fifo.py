"""A queue whose members can leave from the middle in constant time."""

from collections.abc import Iterator
from typing import Generic, Self, TypeVar


class Linked:
    """A member of at most one `Fifo` at a time.

    The links are part of the member: it leaves from the middle in constant time, and a queue costs no memory beside its
    members.
    """

    __slots__ = ("after", "before", "fifo")

    def __init__(self) -> None:
        self.fifo: Fifo[Self] | None = None
        self.before: Self | None = None
        self.after: Self | None = None

    def leave(self) -> None:
        """Leave the queue; no effect when the member is in none."""
        fifo, before, after = self.fifo, self.before, self.after
        if fifo is None:
            return
        if before is None:
            fifo.first = after
        else:
            before.after = after
        if after is None:
            fifo.last = before
        else:
            after.before = before
        self.fifo = self.before = self.after = None


L = TypeVar("L", bound=Linked)


class Fifo(Generic[L]):
    """First in, first out, and out of the middle, all in constant time."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first: L | None = None
        self.last: L | None = None

    def append(self, member: L) -> None:
        """Append a member that is in no queue."""
        last = self.last
        if last is None:
            self.first = member
        else:
            last.after = member
        member.before = last
        member.fifo = self
        self.last = member

    def __iter__(self) -> Iterator[L]:
        member = self.first
        while member is not None:
            yield member
            member = member.after
