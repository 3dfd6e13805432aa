"""``vive-sync dead-letters``: ``list`` and ``show``, and the group of all its commands."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.codec import codec_for
from cli.commands import redrive as commands_redrive
from cli.settings import Settings
from cli.views.dead_letter_choice import (
    ChoiceError,
    Client,
    Codes,
    FilterOptions,
    Since,
    Until,
    Vendor,
    by_ids,
    filter_of,
    parse_id,
)
from cli.views.dead_letter_view import dead_letter_json, full_dead_letter_json, print_dead_letter, print_dead_letters
from cli.views.output import fail, people, print_json
from console.topic_queries.dead_letters import history, last_outcome, read_dead_letters

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List, show, redrive and discard dead letters.", no_args_is_help=True)
    group.command("list")(list_dead_letters)
    group.command()(show)
    commands_redrive.register(group)
    app.add_typer(group, name="dead-letters")


def list_dead_letters(
    *,
    client: Client = None,
    vendor: Vendor = None,
    codes: Codes = None,
    since: Since = None,
    until: Until = None,
    handled_too: Annotated[bool, typer.Option("--all", help="Also those redriven or discarded.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the open dead letters, the newest last."""
    settings = Settings()
    options = FilterOptions(
        client=client, vendor=vendor, codes=codes, since=since, until=until, handled_too=handled_too
    )
    try:
        chosen = filter_of(options, now=datetime.now(UTC))
    except ChoiceError as error:
        fail(str(error), as_json=as_json)
    dead_letters = read_dead_letters(settings.kafka, codec_for(settings), since=chosen.since)
    found = [dead_letter for dead_letter in dead_letters.oldest_first() if chosen.lets_through(dead_letter)]
    shown = found[-limit:]
    if as_json:
        listed = [dead_letter_json(dead_letter) for dead_letter in shown]
        print_json({"letters": listed, "matching": len(found), "unreadable": len(dead_letters.unreadable)})
        return
    if found:
        print_dead_letters(shown)
    newest = f", the newest {len(shown)} are shown" if len(shown) < len(found) else ""
    people.print(f"{len(found)} {'' if handled_too else 'open '}dead letters{newest}.")
    if dead_letters.unreadable:
        people.print(f"{len(dead_letters.unreadable)} records of the topics of dead letters can't be read themselves.")


def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id, PARTITION-OFFSET.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show everything about a dead letter: reason, bytes, and all that happened with the same vendor or key."""
    settings = Settings()
    codec = codec_for(settings)
    try:
        chosen = parse_id(letter_id)
        dead_letters = read_dead_letters(settings.kafka, codec, partition=chosen.partition)
        (dead_letter,) = by_ids(dead_letters, [chosen])
    except ChoiceError as error:
        fail(str(error), as_json=as_json)
    events = history(dead_letters.of_the_same(dead_letter))
    outcome = None if dead_letter.vendor is None else last_outcome(settings.kafka, dead_letter.vendor, codec)
    if as_json:
        print_json(full_dead_letter_json(dead_letter, events, outcome))
    else:
        print_dead_letter(dead_letter, events, outcome)
