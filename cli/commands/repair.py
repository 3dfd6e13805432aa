"""``vive-sync repair``: puts a vendor's newest good record in force."""

import getpass
from typing import Annotated

import typer

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.output import fail, people, print_json
from cli.views.vendor_view import print_repair
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, partition_count
from messaging.topic_reader import TopicReader
from producers.vendor_repair import NoGoodRecordError, VendorRepair, outgoing, repair_of
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec
from schemas.wire.partitioning import partition_of

repair_app = typer.Typer(no_args_is_help=True, help="Decide which of a vendor's records counts.")
KAFKA_SECONDS = 30.0
"""How long Kafka may take to confirm the record."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(repair_app, name="repair")


@repair_app.callback()
def repair_group() -> None:
    """Decide which of a vendor's records counts."""


@repair_app.command("vendor")
def repair_vendor(
    client: Annotated[str, typer.Argument(help="The client's id.")],
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help="The vendor's id.")],
    *,
    version: Annotated[
        int | None, typer.Option(help="The version to put in force; the one changed last when not given.")
    ] = None,
    person: Annotated[str, typer.Option("--as", help="Who does it; who runs the command when not given.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text; needs --yes.")] = False,
) -> None:
    """Put the vendor's good record that VIVE changed last in force.

    For a vendor of which the workers keep a higher version, or can't use a later record. They take the record within seconds,
    and sync the vendor.
    """
    if as_json and not yes:
        fail("With --json nothing is asked, so say --yes too.", as_json=as_json)
    settings = Settings()
    codec = codec_for(settings)
    try:
        repair = _find(settings, codec, VendorKey(client, vendor), version)
    except NoGoodRecordError as error:
        fail(str(error), as_json=as_json)
    if not as_json:
        print_repair(repair)
    if repair.is_needed:
        if not yes:
            typer.confirm(f"Put version {repair.record.version} in force?", abort=True)
        record = outgoing(repair, codec, person=person or getpass.getuser())
        BlockingProducer(settings.kafka, seconds=KAFKA_SECONDS).produce_at([record])
    if as_json:
        print_json({"version": repair.record.version, "repaired": repair.is_needed})
    elif repair.is_needed:
        people.print(f"Version {repair.record.version} is in force as soon as a worker reads it.")


def _find(settings: Settings, codec: Codec, key: VendorKey, version: int | None) -> VendorRepair:
    partition = partition_of(key.to_bytes(), partition_count(admin_of(settings.kafka), VENDOR_RECORD))
    topics = [VENDOR_RECORD.name, VENDOR_TABLE_CHANGELOG.name]
    with TopicReader(settings.kafka, topics, partition=partition) as reader:
        return repair_of(reader.to_end(), key, codec, version=version)
