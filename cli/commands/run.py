"""``vive-sync load``, ``sync-all``, ``status`` and ``vendor``."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.output import fail, people, print_json
from cli.views.run_view import outcome_json, print_summary, print_vendor, progress_json, watch
from console.topic_queries.integration_view import read_integrations
from console.topic_queries.runs import status_of, vendor_view
from messaging.producer import BlockingProducer
from messaging.topic_admin import admin_of, partition_count
from producers.button import CLIENT_ADMIN, SyncRefusedError, request_sync
from producers.records import BadLineError, read_lines
from producers.records import load as load_records
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_SYNC_OUTCOME

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(load)
    app.command("sync-all")(sync_all)
    app.command()(status)
    app.command()(vendor)


def load(
    file: Annotated[
        Path, typer.Argument(help="JSON lines of integrations and vendor records.", exists=True, dir_okay=False)
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Load integrations and vendor records. The whole file is checked first: a bad line is named and nothing is loaded."""
    settings = Settings()
    try:
        with file.open(encoding="utf-8") as lines:
            records = list(read_lines(lines))
    except (BadLineError, UnicodeDecodeError) as error:
        fail(f"{file}: {error} Nothing was loaded.", as_json=as_json)
    loaded = load_records(records, producer=BlockingProducer(settings.kafka, seconds=60.0), codec=codec_for(settings))
    if as_json:
        print_json({"loaded": loaded})
    else:
        people.print(f"Loaded {loaded} records.")


def sync_all(
    client: Annotated[str, typer.Argument(help="The client's id.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress until every vendor is settled.")] = False,
    person: Annotated[str, typer.Option("--as", help="Who presses the button.")] = "",
    role: Annotated[list[str] | None, typer.Option(help="Roles of that person.")] = None,
    vendors: Annotated[list[str] | None, typer.Option("--vendor", help="Only this vendor; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Press Sync All Vendors for a client."""
    settings = Settings()
    codec = codec_for(settings)
    try:
        receipt = request_sync(
            client,
            person=person or getpass.getuser(),
            roles=frozenset([CLIENT_ADMIN] if role is None else role),
            integration=read_integrations(settings.kafka, codec).get(client),
            producer=BlockingProducer(settings.kafka),
            codec=codec,
            vendor_ids=tuple(vendors) if vendors else None,
        )
    except SyncRefusedError as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json({"run_id": receipt.run_id, "message": receipt.message})
    else:
        people.print(receipt.message, style="bold green")
        people.print(f"Run {receipt.run_id}")
    if not wait:
        return
    progress = watch(settings.kafka, receipt.run_id, codec, quiet=as_json)
    if as_json:
        print_json(progress_json(progress))
    else:
        print_summary(progress)
    if progress.refusal is not None:
        raise SystemExit(1)


def status(run: Annotated[str, typer.Argument(help="The run's id.")], *, as_json: AsJson = False) -> None:
    """Show the progress of a run."""
    settings = Settings()
    progress = status_of(settings.kafka, run, codec_for(settings))
    if progress.client_id is None:
        fail(f"No run {run} is known: the id is wrong, or no worker has taken it up yet.", as_json=as_json)
    if as_json:
        print_json(progress_json(progress))
    else:
        print_summary(progress)


def vendor(
    client: Annotated[str, typer.Argument(help="The client's id.")],
    vendor_id: Annotated[str, typer.Argument(metavar="VENDOR", help="The vendor's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show VIVE's row of a vendor, and its last outcome with before and after."""
    settings = Settings()
    partitions = partition_count(admin_of(settings.kafka), VENDOR_SYNC_OUTCOME)
    view = vendor_view(settings.kafka, VendorKey(client, vendor_id), codec_for(settings), partitions=partitions)
    if view.row is None and not view.outcomes:
        fail(f"Client {client} has no vendor {vendor_id}, as far as the workers know.", as_json=as_json)
    if as_json:
        row = None if view.row is None else view.row.model_dump(mode="json")
        print_json({"row": row, "outcomes": [outcome_json(outcome) for outcome in view.outcomes[-20:]]})
    else:
        print_vendor(view)
