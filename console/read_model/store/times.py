"""Times as the tables hold them: whole milliseconds since 1970, as on the wire."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The time, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)
