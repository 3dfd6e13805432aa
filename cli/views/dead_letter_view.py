"""Dead letters, as the command line shows them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from cli.views.output import people
from cli.views.run_view import outcome_json, print_outcome
from console.topic_queries.dead_letters import DeadLetterEvent
from messaging.producer import RecordPosition
from producers.redrive_plan import Refusal, Step
from schemas.dead_letter_state import DeadLetterHistory
from schemas.records.outcome import VendorSyncOutcome
from schemas.records.vendor_key import VendorKey

BYTES_SHOWN: Final = 1024
BYTES_A_LINE: Final = 16
SHOWN: Final = 20


def printable(text: str) -> str:
    """The text in one line, with what a terminal would act on escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def escaped(data: bytes | None) -> str:
    """Bytes as text, with what is not printable ASCII escaped as in Python."""
    return "-" if data is None else repr(data)[2:-1]


def hex_lines(data: bytes) -> list[str]:
    """The first kilobyte, sixteen bytes a line: offset, hex, and what is printable."""
    lines = []
    for start in range(0, min(len(data), BYTES_SHOWN), BYTES_A_LINE):
        part = data[start : min(start + BYTES_A_LINE, BYTES_SHOWN)]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)  # noqa: PLR2004 -- printable ASCII
        lines.append(f"{start:08x}  {part.hex(' '):<{3 * BYTES_A_LINE}} {shown}")
    return lines


def dead_letter_count(count: int) -> str:
    """So many dead letters, in words."""
    return f"{count} dead letter" if count == 1 else f"{count} dead letters"


def print_dead_letters(dead_letters: Iterable[DeadLetterHistory]) -> None:
    """One line a dead letter, without its bytes: they may hold anything."""
    table = Table(expand=True, padding=0)
    for name in ("Id", "When (UTC)", "Client", "Vendor", "Code"):
        table.add_column(name, no_wrap=name in {"Id", "When (UTC)", "Code"}, overflow="fold")
    # The one column that takes what width is left: without a ratio, a long reason leaves none to the others.
    table.add_column("Reason", no_wrap=True, overflow="ellipsis", ratio=1, min_width=12)
    table.add_column("State", no_wrap=True)
    for dead_letter in dead_letters:
        content = dead_letter.content
        cells = (
            str(dead_letter.id),
            f"{content.at:%Y-%m-%d %H:%M:%S}",
            dead_letter.client_id or "-",
            content.vendor_id or "-",
            content.code,
            content.reason,
            dead_letter.state.value,
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    people.print(table)


def print_dead_letter(
    dead_letter: DeadLetterHistory, events: Sequence[DeadLetterEvent], outcome: VendorSyncOutcome | None
) -> None:
    """Everything about a dead letter."""
    content = dead_letter.content
    people.print(f"Dead letter {dead_letter.id}, {dead_letter.state}", style="bold", markup=False)
    facts = {
        "When (UTC)": f"{content.at:%Y-%m-%d %H:%M:%S}",
        "Client": dead_letter.client_id or "-",
        "Vendor": content.vendor_id or "-",
        "Run": content.run_id or "-",
        "Code": content.code,
        "Reason": content.reason,
        "Attempts": str(content.attempts),
        "Record": f"{content.topic}, partition {content.partition}, offset {content.offset}",
        "Key": escaped(content.key),
    }
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name, Text(printable(value)))
    people.print(table)
    for line in (content.trace or "").splitlines():
        _plain(f"  {printable(line)}")
    if content.value is not None:
        cut = f", the first {BYTES_SHOWN}" if len(content.value) > BYTES_SHOWN else ""
        _plain(f"The record's value, {len(content.value)} bytes{cut}:")
        for line in hex_lines(content.value):
            _plain(f"  {line}")
    people.print("What happened with this key, in order of time:", style="bold")
    for event in events:
        here = "  <- this letter" if event.handled is None and event.dead_letter.id == dead_letter.id else ""
        _plain(f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.dead_letter.id} {printable(_description(event))}{here}")
    if outcome is not None:
        people.print("The vendor's last outcome:", style="bold")
        print_outcome(outcome)


def _plain(line: str) -> None:
    people.print(line, markup=False, soft_wrap=True)


def _description(event: DeadLetterEvent) -> str:
    handled = event.handled
    if handled is None:
        return f"{event.dead_letter.content.code}: {event.dead_letter.content.reason}"
    where = (
        "" if handled.topic is None else f" to {handled.topic}, partition {handled.partition}, offset {handled.offset}"
    )
    return f"{handled.action} by {handled.by}{where}{f': {handled.note}' if handled.note else ''}"


def print_to_discard(dead_letters: Sequence[DeadLetterHistory]) -> None:
    """The dead letters that a discard would handle."""
    if dead_letters:
        print_dead_letters(dead_letters[:SHOWN])
    _and_more(dead_letters)


def print_plan(steps: Sequence[Step]) -> None:
    """The records that a redrive would publish."""
    for step in steps[:SHOWN]:
        ids = ", ".join(str(dead_letter.id) for dead_letter in step.letters)
        if isinstance(step.target, VendorKey):
            _plain(f"{ids}: vendor {step.target} is to be synced.")
        else:
            _plain(f"{ids}: the record of {len(step.target.value or b'')} bytes goes to {step.target.topic} again.")
    _and_more(steps)


def print_refusals(refusals: Sequence[Refusal]) -> None:
    """The dead letters that are left as they are, and why."""
    for refusal in refusals[:SHOWN]:
        why = printable(f"{refusal.letter.id} is left as it is: {refusal.why}")
        people.print(why, style="yellow", markup=False, soft_wrap=True)
    _and_more(refusals)


def _and_more(things: Sequence[object]) -> None:
    if len(things) > SHOWN:
        _plain(f"... and {len(things) - SHOWN} more.")


def dead_letter_json(dead_letter: DeadLetterHistory) -> dict[str, Any]:
    """A dead letter for programs, without its bytes."""
    content = dead_letter.content
    return {
        "id": str(dead_letter.id),
        "state": dead_letter.state.value,
        "client_id": dead_letter.client_id,
        **content.model_dump(mode="json", exclude={"client_id", "key", "value", "trace"}),
        "handled": [handled.model_dump(mode="json") for handled in dead_letter.handled],
    }


def full_dead_letter_json(
    dead_letter: DeadLetterHistory, events: Sequence[DeadLetterEvent], outcome: VendorSyncOutcome | None
) -> dict[str, Any]:
    """A dead letter for programs, with its history and the first kilobyte of its bytes."""
    return {
        **dead_letter_json(dead_letter),
        "trace": dead_letter.content.trace,
        "key": _bytes_json(dead_letter.content.key),
        "value": _bytes_json(dead_letter.content.value),
        "history": [_event_json(event) for event in events],
        "last_outcome": None if outcome is None else outcome_json(outcome),
    }


def _bytes_json(data: bytes | None) -> dict[str, Any] | None:
    if data is None:
        return None
    return {"bytes": len(data), "hex": data[:BYTES_SHOWN].hex(), "printable": escaped(data[:BYTES_SHOWN])}


def _event_json(event: DeadLetterEvent) -> dict[str, Any]:
    content = event.dead_letter.content
    content_facts = {"code": content.code, "reason": content.reason}
    handled = None if event.handled is None else event.handled.model_dump(mode="json", exclude={"letter_topic_id"})
    return {"at": event.at.isoformat(), "letter": str(event.dead_letter.id), **(handled or content_facts)}


def refusals_json(refusals: Sequence[Refusal]) -> list[dict[str, str]]:
    """The dead letters that were left, for programs."""
    return [{"letter": str(refusal.letter.id), "why": refusal.why} for refusal in refusals]


def republished_json(dead_letters: Sequence[DeadLetterHistory], position: RecordPosition) -> dict[str, Any]:
    """The position of the record that was published for these dead letters, for programs."""
    return {"letters": [str(dead_letter.id) for dead_letter in dead_letters], **position._asdict()}
