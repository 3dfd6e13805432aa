"""``vive-sync table``: the changelog of the vendor table, looked at and mended."""

from typing import Annotated

import typer

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.output import people, print_json
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_reader import TopicReader
from producers.changelog_repair import Mending, mendings, value_of
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
table_app = typer.Typer(no_args_is_help=True, help="Look at the vendor table's changelog, and mend it.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(table_app, name="table")


@table_app.command()
def check(*, as_json: AsJson = False) -> None:
    """Tell the rows that can't be read; exit 1 when there is one. Workers don't start over such a row."""
    settings = Settings()
    found = _find(settings, codec_for(settings))
    _tell(found, as_json=as_json, mended=False)
    raise SystemExit(1 if found else 0)


@table_app.command()
def mend(*, as_json: AsJson = False) -> None:
    """Put back what is known of each vendor whose row can't be read. Nothing else of the table is touched."""
    settings = Settings()
    codec = codec_for(settings)
    found = _find(settings, codec)
    BlockingProducer(settings.kafka, seconds=30.0).produce_at(
        [OutgoingRecord(VENDOR_TABLE_CHANGELOG.name, each.key, value_of(each, codec), each.partition) for each in found]
    )
    _tell(found, as_json=as_json, mended=True)


def _find(settings: Settings, codec: Codec) -> list[Mending]:
    with TopicReader(settings.kafka, [VENDOR_TABLE_CHANGELOG.name, VENDOR_RECORD.name]) as reader:
        return mendings(reader.to_end(), codec)


def _tell(found: list[Mending], *, as_json: bool, mended: bool) -> None:
    if as_json:
        print_json({"unreadable": [each.sentence for each in found], "mended": mended})
        return
    for each in found:
        people.print(each.sentence, markup=False, soft_wrap=True)
    if not found:
        people.print("Every row of the vendor table can be read.")
    elif mended:
        people.print(f"Mended {len(found)}: workers can start.")
