"""The arguments that choose dead letters."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.views.dead_letter_choice import ChoiceError, parse_id, point_in_time
from schemas.records.dead_letter import LetterId

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28T10:30", datetime(2026, 2, 28, 10, 30, tzinfo=UTC)),
        ("2026-02-28T10:30:15Z", datetime(2026, 2, 28, 10, 30, 15, tzinfo=UTC)),
        ("2026-02-28T10:30+02:00", datetime(2026, 2, 28, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_iso_or_so_long_ago(text: str, at: datetime) -> None:
    assert point_in_time(text, NOW) == at


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "2y", "yesterday", "2026-13-01", "999999w", "1.5h"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        point_in_time(text, NOW)
    assert str(caught.value).startswith(f"{text!r} is no time: give one such as")


def test_an_id_comes_back_from_its_text() -> None:
    assert parse_id("3-17") == LetterId(3, 17)
    assert str(LetterId(3, 17)) == "3-17"


@pytest.mark.parametrize(
    "text", ["", "3", "3-", "-3-17", "3-17\n", "3_17", "a-b", "3-17-1", "\u0663-17", "3-" + "9" * 19]
)
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(ChoiceError, match="is not a dead letter's id: an id is PARTITION-OFFSET, such as 3-17"):
        parse_id(text)
