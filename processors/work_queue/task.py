from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from schemas.records.sync_run import Lane
from schemas.records.vendor_key import VendorKey


@dataclass(frozen=True, slots=True)
class Request:
    """One record that asks for a vendor to be synced.

    The queue never looks into ``payload``; it comes back with the work that answers the request.
    """

    key: VendorKey
    partition: int
    offset: int
    lane: Lane
    payload: Any = None


class EventPosition(NamedTuple):
    """Where a request's record lies."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Work:
    """A key handed out, and every request that one piece of work on it answers.

    ``attempt`` counts from 1; above 1 the requests of the attempts before are among these, followed by those that came
    since.
    """

    key: VendorKey
    partition: int
    requests: tuple[Request, ...]
    lane: Lane
    through_offset: int
    attempt: int


class Added(StrEnum):
    """What became of a request.

    ``queued``: the key was not known, so this request is what brings it to work. ``joined``: the key waits already and
    one piece of work will answer all. ``dirty``: the key is being processed by work that may have read older data, so
    it is worked once more.
    """

    QUEUED = "queued"
    JOINED = "joined"
    DIRTY = "dirty"


class KeyState(StrEnum):
    """Where a key is: ``delayed`` waits for its retry time, ``dirty`` is processing and will be worked once more."""

    WAITING = "waiting"
    DELAYED = "delayed"
    PROCESSING = "processing"
    DIRTY = "dirty"
