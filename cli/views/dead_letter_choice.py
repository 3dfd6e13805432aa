"""Which dead letters a command is about, from ids or from filters."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from console.topic_queries.dead_letters import DeadLetterQueries, Filter, read_letters
from schemas.dead_letter_state import DeadLetterHistory
from schemas.errors import ViveSyncError
from schemas.records.dead_letter import LetterId
from schemas.wire.codec import Codec

Client = Annotated[str | None, typer.Option(help="Only this client's.")]
Vendor = Annotated[str | None, typer.Option(help="Only those of the vendor with this id.")]
Codes = Annotated[
    list[str] | None,
    typer.Option("--code", help="Only: undecodable, invalid, rejected, missing, bug, gave_up; may be repeated."),
]
Since = Annotated[str | None, typer.Option(help="From this time on: ISO (UTC without a zone), or ago: 30m, 2h, 3d.")]
Until = Annotated[str | None, typer.Option(help="Before this time: as --since.")]

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class ChoiceError(ViveSyncError, ValueError):
    """What was asked for can't be understood or is not there. The text is for a person."""


def point_in_time(text: str, now: datetime) -> datetime:
    """An ISO time (UTC where it names no zone), or so long before now: ``90s``, ``30m``, ``2h``, ``3d``, ``1w``.

    Raises:
        ChoiceError: it is neither.
    """
    try:
        if (ago := re.fullmatch(r"([0-9]{1,6})([smhdw])", text, re.ASCII)) is not None:
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ChoiceError(
            f"{text!r} is no time: give one such as 2026-03-01T12:00Z, or how long ago, such as 30m, 2h or 3d."
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def filter_of(
    *,
    client: str | None,
    vendor: str | None,
    codes: Sequence[str] | None,
    since: str | None,
    until: str | None,
    handled_too: bool,
    now: datetime,
) -> Filter:
    """The filter that these options say.

    Raises:
        ChoiceError: a time is none.
    """
    return Filter(
        client_id=client,
        vendor_id=vendor,
        codes=frozenset(codes or ()),
        since=None if since is None else point_in_time(since, now),
        until=None if until is None else point_in_time(until, now),
        handled_too=handled_too,
    )


def parse_id(text: str) -> LetterId:
    """A letter's id.

    Raises:
        ChoiceError: it has another form.
    """
    try:
        return LetterId.parse(text)
    except ValueError as error:
        raise ChoiceError(f"{error} `vive-sync dead-letters list` shows them.") from None


def by_ids(letters: DeadLetterQueries, ids: Sequence[LetterId]) -> list[DeadLetterHistory]:
    """These letters, each once, oldest first.

    Raises:
        ChoiceError: there is no letter of an id.
    """
    unknown = [str(letter_id) for letter_id in ids if letters.get(letter_id) is None]
    if unknown:
        raise ChoiceError(
            f"There is no dead letter {', '.join(unknown)}. An id is PARTITION-OFFSET, such as 3-17; "
            "`vive-sync dead-letters list --all` shows them."
        )
    wanted = frozenset(ids)
    return [letter for letter in letters.oldest_first() if letter.id in wanted]


def choose(
    bootstrap: str, codec: Codec, ids: Sequence[str], wanted: Filter, *, all_open: bool
) -> tuple[DeadLetterQueries, list[DeadLetterHistory]]:
    """The letters to handle, and all that were read: these ids, else what the filter lets through.

    An empty filter must be meant: ``all_open`` says so, and then takes no letter that was handled.

    Raises:
        ChoiceError: nothing is asked for or found, or both ids and filters are given.
        KafkaUnavailableError: Kafka does not answer.
    """
    filtered = wanted != Filter(handled_too=wanted.handled_too)
    if bool(ids) == (filtered or all_open):
        raise ChoiceError(
            "Say which dead letters: their ids, or at least one filter, or --all-open for every open one."
        )
    parsed = [parse_id(text) for text in ids]
    letters = read_letters(bootstrap, codec, since=wanted.since)
    if parsed:
        return letters, by_ids(letters, parsed)
    wanted = replace(wanted, handled_too=wanted.handled_too and not all_open)
    found = [letter for letter in letters.oldest_first() if wanted.lets_through(letter)]
    if not found:
        which = "" if wanted.handled_too else "open "
        raise ChoiceError(f"No {which}dead letter matches. `vive-sync dead-letters list --all` shows all there are.")
    return letters, found
