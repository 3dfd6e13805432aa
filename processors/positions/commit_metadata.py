"""The text that a commit of an offset carries: when everything on the partition was handled, and the topic's id."""

import json
from datetime import UTC, datetime

from messaging.missed_deletions import Position


def to_text(position: Position) -> str:
    """The metadata of a commit."""
    at = position.complete_at
    return json.dumps({"at": None if at is None else at.astimezone(UTC).isoformat(), "topic": position.topic_id})


def from_text(text: str, *, topic_id: str) -> Position:
    """Read the metadata of a commit.

    Another program, or an older release, may have committed without it. The position is then of unknown age, and its topic is
    taken for the present one (``topic_id``).
    """
    try:
        found = json.loads(text)
        at = None if found["at"] is None else datetime.fromisoformat(found["at"])
        topic = found["topic"]
    except (ValueError, KeyError, TypeError):
        return Position(None, topic_id)
    if not isinstance(topic, str) or (at is not None and at.tzinfo is None):
        return Position(None, topic_id)
    return Position(at, topic)
