"""Records that keep their order while one of them has to wait."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

Obstacle = Callable[[], Awaitable[None]]
"""Waits until the reason is gone for which a record is held."""


class RecordLane(NamedTuple):
    """Records that keep their order: those of one key. ``client_id`` is None where the key names no client."""

    kind: str
    partition: int
    key: bytes | None
    client_id: str | None = None
