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
    dead_letter_count,
    print_plan,
    print_refusals,
    print_to_discard,
    refusals_json,
    republished_json,
)
from cli.views.output import fail, people, print_json
from console.topic_queries.dead_letters import DeadLetterQueries
from messaging.producer import BlockingProducer
from producers.redrive import Handler, discard, read_newest, redrive
from producers.redrive_plan import Refusal, plan_discard, plan_redrive
from schemas.dead_letter_state import DeadLetterHistory
from schemas.wire.codec import Codec

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Dead letters by id, PARTITION-OFFSET.")]
AllOpen = Annotated[bool, typer.Option("--all-open", help="Every dead letter that is open.")]
Again = Annotated[bool, typer.Option("--again", help="Also dead letters that were handled already.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Also put back a record that is not the last of its key on its topic.")
]
Person = Annotated[str, typer.Option("--as", help="Who does it; who runs the command when not given.")]
Note = Annotated[str, typer.Option(help="A note that is kept with it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text; needs --yes.")]
KAFKA_SECONDS = 60.0
"""How long Kafka may take to confirm all records."""


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("redrive")(redrive_dead_letters)
    group.command("discard")(discard_dead_letters)


def redrive_dead_letters(
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

    Ends 1 when a dead letter was left as it is. Interrupting it and running it again is safe.
    """
    settings = Settings()
    codec = codec_for(settings)
    options = FilterOptions(client=client, vendor=vendor, codes=codes, since=since, until=until, handled_too=again)
    dead_letters, those = _choose(settings, codec, ids, options, all_open=all_open, yes=yes, as_json=as_json)
    plan = plan_redrive(those, read_newest(settings.kafka, those), again=again, replace=replace)
    count = dead_letter_count(sum(len(step.letters) for step in plan.steps))
    if not as_json:
        print_plan(plan.steps)
        print_refusals(plan.refusals)
    if plan.steps:
        _confirm(f"Redrive {count}?", yes=yes)
    producer = BlockingProducer(settings.kafka, seconds=KAFKA_SECONDS)
    done = redrive(plan.steps, _handler(dead_letters, person, note), producer=producer, codec=codec)
    if as_json:
        redriven = [republished_json(one.step.letters, one.position) for one in done]
        print_json({"redriven": redriven, "left": refusals_json(plan.refusals)})
    else:
        people.print(f"Redrove {count}.")
    _end(plan.refusals)


def discard_dead_letters(
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
    """Discard dead letters: nothing follows from them, and they are kept.

    Ends 1 when a dead letter was left as it is.
    """
    settings = Settings()
    codec = codec_for(settings)
    options = FilterOptions(client=client, vendor=vendor, codes=codes, since=since, until=until)
    dead_letters, those = _choose(settings, codec, ids, options, all_open=all_open, yes=yes, as_json=as_json)
    to_discard, refusals = plan_discard(those)
    count = dead_letter_count(len(to_discard))
    if not as_json:
        print_to_discard(to_discard)
        print_refusals(refusals)
    if to_discard:
        _confirm(f"Discard {count}?", yes=yes)
    producer = BlockingProducer(settings.kafka, seconds=KAFKA_SECONDS)
    discard(to_discard, _handler(dead_letters, person, note), producer=producer, codec=codec)
    if as_json:
        print_json({"discarded": [str(dead_letter.id) for dead_letter in to_discard], "left": refusals_json(refusals)})
    else:
        people.print(f"Discarded {count}.")
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
        dead_letter_filter = filter_of(options, now=datetime.now(UTC))
        return choose(settings.kafka, codec, ids or (), dead_letter_filter, all_open=all_open)
    except ChoiceError as error:
        fail(str(error), as_json=as_json)


def _confirm(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _handler(dead_letters: DeadLetterQueries, person: str, note: str) -> Handler:
    who = person or getpass.getuser()
    return Handler(person=who, note=note, now=datetime.now(UTC), letters_topic_id=dead_letters.topic_id)


def _end(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise SystemExit(1)
