"""``vive-sync table``: checks the vendor table against its changelog and the vendor records, and repairs it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.codec import codec_for
from cli.commands.missing_vendors import list_missing
from cli.settings import Settings
from cli.views.output import people, print_json
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_reader import TopicReader
from producers.changelog_repair import Repair, repairs, value_of
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
table_app = typer.Typer(no_args_is_help=True, help="Check and repair the vendor table.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(table_app, name="table")
    table_app.command("missing")(list_missing)


@table_app.command()
def check(*, as_json: AsJson = False) -> None:
    """List the rows that can't be read; exit 1 when there is one. Workers don't start over such a row."""
    settings = Settings()
    found = _find(settings, codec_for(settings))
    _report(found, as_json=as_json, repaired=False)
    raise SystemExit(1 if found else 0)


@table_app.command("mend", hidden=True)
@table_app.command()
def repair(*, as_json: AsJson = False) -> None:
    """Write the known data of each vendor with an unreadable row again. Nothing else of the table is touched."""
    settings = Settings()
    codec = codec_for(settings)
    found = _find(settings, codec)
    BlockingProducer(settings.kafka, seconds=30.0).produce_at(
        [OutgoingRecord(VENDOR_TABLE_CHANGELOG.name, each.key, value_of(each, codec), each.partition) for each in found]
    )
    _report(found, as_json=as_json, repaired=True)


def _find(settings: Settings, codec: Codec) -> list[Repair]:
    with TopicReader(settings.kafka, [VENDOR_TABLE_CHANGELOG.name, VENDOR_RECORD.name], own_only=True) as reader:
        return repairs(reader.to_end(), codec, now=datetime.now(UTC))


def _report(found: list[Repair], *, as_json: bool, repaired: bool) -> None:
    if as_json:
        print_json({"unreadable": [each.sentence for each in found], "mended": repaired})
        return
    for each in found:
        people.print(each.sentence, markup=False, soft_wrap=True)
    if not found:
        people.print("Every row of the vendor table can be read.")
    elif repaired:
        people.print(f"Repaired {len(found)}: workers can start.")
