"""``vive-sync dead-letters redrive`` and ``discard``."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.dead_letter_choice import (
    ChoiceError,
    Client,
    Codes,
    FilterOptions,
    Since,
    Until,
    Vendor,
    choose,
    filter_of,
)
from cli.views.dead_letter_view import (
    letter_count,
    print_plan,
    print_refusals,
    print_to_discard,
    put_json,
    refusals_json,
)
from cli.views.output import fail, people, print_json
from console.topic_queries.dead_letters import DeadLetterQueries
from messaging.producer import BlockingProducer
from producers.redrive import Handler, discard, read_newest, redrive
from producers.redrive_plan import Refusal, plan_discard, plan_redrive
from schemas.dead_letter_state import DeadLetterHistory
from schemas.wire.codec import Codec

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Letters by id, PARTITION-OFFSET.")]
AllOpen = Annotated[bool, typer.Option("--all-open", help="Every letter that is open.")]
Person = Annotated[str, typer.Option("--as", help="Who does it; who runs the command when not given.")]
Note = Annotated[str, typer.Option(help="A note that is kept with it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Again = Annotated[bool, typer.Option("--again", help="Also letters that were handled already.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Also put back a record that is not the last of its key on its topic.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text; needs --yes.")]
KAFKA_SECONDS = 60.0
"""How long Kafka may take to have all of what is said."""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("redrive")(redrive_letters)
    group.command("discard")(discard_letters)


def redrive_letters(
    ids: Ids = None,
    *,
    client: Client = None,
    vendor: Vendor = None,
    codes: Codes = None,
    since: Since = None,
    until: Until = None,
    all_open: AllOpen = False,
    again: Again = False,
    replace: Replace = False,
    person: Person = "",
    note: Note = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Sync the vendors of dead letters once more, or put records that could not be read back on their topics.

    Ends 1 when a letter was left as it is. Breaking it off and doing it again is safe.
    """
    settings = Settings()
    codec = codec_for(settings)
    options = FilterOptions(client=client, vendor=vendor, codes=codes, since=since, until=until, handled_too=again)
    letters, those = _choose(settings, codec, ids, options, all_open=all_open, yes=yes, as_json=as_json)
    plan = plan_redrive(those, read_newest(settings.kafka, those), again=again, replace=replace)
    what = letter_count(sum(len(step.letters) for step in plan.steps))
    if not as_json:
        print_plan(plan.steps)
        print_refusals(plan.refusals)
    if plan.steps:
        _ask(f"Redrive {what}?", yes=yes)
    producer = BlockingProducer(settings.kafka, seconds=KAFKA_SECONDS)
    done = redrive(plan.steps, _handler(letters, person, note), producer=producer, codec=codec)
    if as_json:
        redriven = [put_json(one.step.letters, one.position) for one in done]
        print_json({"redriven": redriven, "left": refusals_json(plan.refusals)})
    else:
        people.print(f"Redrove {what}.")
    _end(plan.refusals)


def discard_letters(
    ids: Ids = None,
    *,
    client: Client = None,
    vendor: Vendor = None,
    codes: Codes = None,
    since: Since = None,
    until: Until = None,
    all_open: AllOpen = False,
    person: Person = "",
    note: Note = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put dead letters aside: nothing follows from them, and they are kept.

    Ends 1 when a letter was left as it is.
    """
    settings = Settings()
    codec = codec_for(settings)
    options = FilterOptions(client=client, vendor=vendor, codes=codes, since=since, until=until)
    letters, those = _choose(settings, codec, ids, options, all_open=all_open, yes=yes, as_json=as_json)
    to_discard, refusals = plan_discard(those)
    what = letter_count(len(to_discard))
    if not as_json:
        print_to_discard(to_discard)
        print_refusals(refusals)
    if to_discard:
        _ask(f"Discard {what}?", yes=yes)
    producer = BlockingProducer(settings.kafka, seconds=KAFKA_SECONDS)
    discard(to_discard, _handler(letters, person, note), producer=producer, codec=codec)
    if as_json:
        print_json({"discarded": [str(letter.id) for letter in to_discard], "left": refusals_json(refusals)})
    else:
        people.print(f"Discarded {what}.")
    _end(refusals)


def _choose(
    settings: Settings,
    codec: Codec,
    ids: Sequence[str] | None,
    options: FilterOptions,
    *,
    all_open: bool,
    yes: bool,
    as_json: bool,
) -> tuple[DeadLetterQueries, list[DeadLetterHistory]]:
    """All dead letters that were read, and those to handle; a choice that is not clear ends the command."""
    if as_json and not yes:
        fail("With --json nothing is asked, so say --yes too.", as_json=as_json)
    try:
        wanted = filter_of(options, now=datetime.now(UTC))
        return choose(settings.kafka, codec, ids or (), wanted, all_open=all_open)
    except ChoiceError as error:
        fail(str(error), as_json=as_json)


def _ask(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _handler(letters: DeadLetterQueries, person: str, note: str) -> Handler:
    who = person or getpass.getuser()
    return Handler(person=who, note=note, now=datetime.now(UTC), letters_topic_id=letters.topic_id)


def _end(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise SystemExit(1)
