"""The text that a commit carries."""

from datetime import UTC, datetime

import pytest

from messaging.missed_deletions import Position
from processors.positions.commit_metadata import from_text, to_text

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONGEST = 4096
"""Kafka's default of ``offset.metadata.max.bytes``."""


@pytest.mark.parametrize("position", [Position(AT, "Zq0x7"), Position(None, "Zq0x7")])
def test_a_position_is_read_back(position: Position) -> None:
    text = to_text(position)
    assert from_text(text, topic_id="another") == position
    assert len(text.encode()) < LONGEST


@pytest.mark.parametrize(
    "text", ["", "{", "7", "null", '{"at": 7, "topic": "x"}', '{"at": "yesterday", "topic": "x"}', '{"at": null}']
)
def test_other_metadata_is_of_unknown_age(text: str) -> None:
    assert from_text(text, topic_id="Zq0x7") == Position(None, "Zq0x7")


def test_a_time_without_a_zone_says_nothing() -> None:
    assert from_text('{"at": "2026-03-01T12:00:00", "topic": "x"}', topic_id="x") == Position(None, "x")
