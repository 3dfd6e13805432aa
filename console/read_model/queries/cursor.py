"""Cursors: the position of a page in a list, as text that fits an address."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from console.read_model.store.views import Page

Key = tuple[str | int, ...]
"""The columns by which a list is sorted, of the last item of a page."""
T = TypeVar("T")


def write_cursor(key: Key) -> str:
    """The cursor behind this item."""
    return urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, kinds: Sequence[type]) -> Key | None:
    """The item behind which the page begins, its columns of these kinds; None: at the beginning.

    Raises:
        ValueError: it is no cursor of such a list.
    """
    if cursor is None:
        return None
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    fits = isinstance(key, list) and len(key) == len(kinds)
    if not fits or any(type(part) is not kind or not _storable(part) for part, kind in zip(key, kinds, strict=True)):
        raise ValueError("The cursor is not one that this list gave: ask for the first page, without a cursor.")
    return tuple(key)


def _storable(part: object) -> bool:
    """Whether a database takes it: no NUL, no half of a surrogate pair, no number over 64 bits."""
    if isinstance(part, int):
        return -(2**63) <= part < 2**63
    part = str(part)
    return "\0" not in part and not any("\ud800" <= character <= "\udfff" for character in part)


def page_of(
    rows: Sequence[Any], limit: int, *, total: int, key: Callable[[Any], Key], item: Callable[[Any], T]
) -> Page[T]:
    """A page of rows of which one more than ``limit`` was asked for, so that it is known whether there are more."""
    more = len(rows) > limit
    return Page(
        items=tuple(item(row) for row in rows[:limit]),
        next_cursor=write_cursor(key(rows[limit - 1])) if more else None,
        total=total,
    )
