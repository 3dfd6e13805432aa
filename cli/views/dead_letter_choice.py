"""Which dead letters a command is about, from ids or from filters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from console.topic_queries.dead_letters import DeadLetterQueries, Filter, read_dead_letters
from schemas.dead_letter_state import DeadLetterHistory
from schemas.errors import ViveSyncError
from schemas.records.dead_letter import LetterId
from schemas.wire.codec import Codec

Client = Annotated[str | None, typer.Option(help="Only this client's.")]
Vendor = Annotated[str | None, typer.Option(help="Only those of the vendor with this id.")]
Codes = Annotated[
    list[str] | None,
    typer.Option(
        "--code",
        help="Only: undecodable, invalid, stale, rejected, missing, bug, gave_up, foreign_partition, unconfirmed_deletions; may "
        "be repeated.",
    ),
]
Since = Annotated[str | None, typer.Option(help="From this time on: ISO (UTC without a zone), or ago: 30m, 2h, 3d.")]
Until = Annotated[str | None, typer.Option(help="Before this time: as --since.")]

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class ChoiceError(ViveSyncError, ValueError):
    """The arguments can't be understood, or nothing matches them. The message is for a person."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """The options of a command that filter dead letters, as they were given."""

    client: str | None = None
    vendor: str | None = None
    codes: Sequence[str] | None = None
    since: str | None = None
    until: str | None = None
    handled_too: bool = False


def filter_of(options: FilterOptions, *, now: datetime) -> Filter:
    """The filter that these options stand for.

    Raises:
        ChoiceError: a time can't be read.
    """
    return Filter(
        client_id=options.client,
        vendor_id=options.vendor,
        codes=frozenset(options.codes or ()),
        since=None if options.since is None else point_in_time(options.since, now),
        until=None if options.until is None else point_in_time(options.until, now),
        handled_too=options.handled_too,
    )


def parse_id(text: str) -> LetterId:
    """A dead letter's id.

    Raises:
        ChoiceError: it has another form.
    """
    try:
        return LetterId.parse(text)
    except ValueError as error:
        raise ChoiceError(f"{error} `vive-sync dead-letters list` shows them.") from None


def by_ids(dead_letters: DeadLetterQueries, ids: Sequence[LetterId]) -> list[DeadLetterHistory]:
    """These dead letters, each once, oldest first.

    Raises:
        ChoiceError: no dead letter has an id.
    """
    unknown = [str(letter_id) for letter_id in ids if dead_letters.get(letter_id) is None]
    if unknown:
        raise ChoiceError(
            f"There is no dead letter {', '.join(unknown)}. An id is PARTITION-OFFSET, such as 3-17; "
            "`vive-sync dead-letters list --all` shows them."
        )
    chosen = frozenset(ids)
    return [dead_letter for dead_letter in dead_letters.oldest_first() if dead_letter.id in chosen]


def choose(
    bootstrap: str, codec: Codec, ids: Sequence[str], chosen: Filter, *, all_open: bool
) -> tuple[DeadLetterQueries, list[DeadLetterHistory]]:
    """All dead letters that were read, and those to handle: these ids, else those that pass the filter.

    An empty filter needs ``all_open``, which excludes dead letters that were handled.

    Raises:
        ChoiceError: neither ids nor filters are given, or both, or nothing matches.
        KafkaUnavailableError: Kafka does not answer.
    """
    filtered = chosen != Filter(handled_too=chosen.handled_too)
    if bool(ids) == (filtered or all_open):
        raise ChoiceError(
            "Say which dead letters: their ids, or at least one filter, or --all-open for every open one."
        )
    parsed = [parse_id(text) for text in ids]
    dead_letters = read_dead_letters(bootstrap, codec, since=chosen.since)
    if parsed:
        return dead_letters, by_ids(dead_letters, parsed)
    chosen = replace(chosen, handled_too=chosen.handled_too and not all_open)
    found = [dead_letter for dead_letter in dead_letters.oldest_first() if chosen.lets_through(dead_letter)]
    if not found:
        which = "" if chosen.handled_too else "open "
        raise ChoiceError(f"No {which}dead letter matches. `vive-sync dead-letters list --all` shows all there are.")
    return dead_letters, found
