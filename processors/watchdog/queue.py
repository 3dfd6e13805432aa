"""The work queue, in which the watchdog can look for a record."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from processors.work_queue import KeyState, WorkQueue


class Place(NamedTuple):
    """A record of ``vendor-sync``."""

    partition: int
    offset: int


class FindableQueue(WorkQueue):
    """A work queue that says which records are in good hands with it. Only a search of all keys tells: ask seldom."""

    def accounts_for(self, places: AbstractSet[Place], *, calls_hang: bool) -> frozenset[Place]:
        """Those whose key waits for its turn or its retry time, or whose calls are under way.

        Not among them: what the queue does not know, what is called for no more and still not answered, and with
        ``calls_hang`` what is being called for.
        """
        found: set[Place] = set()
        for entry in self._entries.values():
            in_hand = entry.state is not KeyState.PROCESSING or (entry.calling and not calls_hang)
            for request in (*entry.answering, *entry.requests):
                place = Place(request.partition, request.offset)
                if place in places and (in_hand or request not in entry.answering):
                    found.add(place)
            if len(found) == len(places):
                break
        return frozenset(found)
