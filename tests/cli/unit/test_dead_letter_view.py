"""Dead letters as the command line prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.views.dead_letter_view import (
    BYTES_SHOWN,
    dead_letter_json,
    escaped,
    full_dead_letter_json,
    hex_lines,
    print_dead_letter,
    print_dead_letters,
    printable,
)
from console.topic_queries.dead_letters import history
from schemas.dead_letter_state import DeadLetterHistory
from schemas.records.dead_letter import LetterId
from tests.support.messages import dead_letter, handled, unread_record


@given(st.text(max_size=40))
def test_printed_text_moves_no_cursor(text: str) -> None:
    assert printable(text).isprintable()


def test_printable_text_stays_as_it_is() -> None:
    assert printable("Joe's Plumbing & Söhne 名前") == "Joe's Plumbing & Söhne 名前"
    assert printable("a\x1b[31m\n") == "a\\x1b[31m\\n"


@given(st.binary(max_size=2 * BYTES_SHOWN))
def test_bytes_are_shown_as_hex_and_as_printable_text_up_to_a_kilobyte(data: bytes) -> None:
    lines = hex_lines(data)
    shown = b"".join(bytes.fromhex(line[10:57].rstrip()) for line in lines)
    assert shown == data[:BYTES_SHOWN]
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_a_hex_line() -> None:
    assert hex_lines(b"\x00not avro") == [f"00000000  {'00 6e 6f 74 20 61 76 72 6f':<48} .not avro"]


@pytest.mark.parametrize(("data", "text"), [(None, "-"), (b"acme:v1", "acme:v1"), (b"\xff\x00'", "\\xff\\x00'")])
def test_a_key_is_shown_escaped(data: bytes | None, text: str) -> None:
    assert escaped(data) == text


def test_a_dead_letters_bytes_and_key_are_only_in_its_full_view() -> None:
    dead_letter = DeadLetterHistory(id=LetterId(3, 17), content=unread_record(value=b"\xff" * 2000, trace="in f"))
    short = dead_letter_json(dead_letter)
    assert short["id"] == "3-17"
    assert not {"key", "value", "trace"} & short.keys()
    full = full_dead_letter_json(dead_letter, [], None)
    assert full["value"]["bytes"] == 2000
    assert full["value"]["hex"] == "ff" * BYTES_SHOWN
    assert full["key"]["printable"] == "acme:v1"
    assert full["trace"] == "in f"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_long_reason_leaves_room_for_the_rest(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    content = dead_letter(vendor_id="v-1001", reason="No [bold]such[/bold] thing.\n" + "Try again. " * 30)
    print_dead_letters([DeadLetterHistory(id=LetterId(11, 1234), content=content)])
    shown = capsys.readouterr().out
    for cell in ("11-1234", "2026-03-01 12:00:00", "acme", "v-1001", "rejected", "No [bold]su", "open"):
        assert cell in shown
    assert len(shown.splitlines()) == 5


def test_everything_about_a_dead_letter_is_shown_without_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    content = unread_record(
        value=b"\x1b[2J" + b"x" * 2000, reason="No\x1b[31m good.", trace="in f\n  in g\x07", key=b"k\x00"
    )
    noted = handled(note="seen\r\nand left", by="da\x1bna")
    dead_letter = DeadLetterHistory(id=LetterId(0, 0), content=content, handled=(noted,))
    print_dead_letter(dead_letter, history([dead_letter]), None)
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.splitlines())
    for piece in (
        "Dead letter 0-0, discarded",
        "No\\x1b[31m good.",
        "k\\x00",
        "    in g\\x07",
        "2004 bytes, the first 1024:",
        "1b 5b 32 4a 78",
        "discarded by da\\x1bna: seen\\r\\nand left",
        "0-0 undecodable: No\\x1b[31m good.  <- this letter",
    ):
        assert piece in shown
