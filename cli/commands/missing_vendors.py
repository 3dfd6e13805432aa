"""``vive-sync table missing``: lists vendors of the table without a record, and deletes them."""

from typing import Annotated

import typer

from cli.codec import codec_for
from cli.settings import Settings
from cli.views.output import fail, people, print_json
from messaging.producer import BlockingProducer
from messaging.topic_reader import TopicReader
from producers.missing_vendors import TableVendor, missing, tombstones, vendors_with_record
from schemas.topics import VENDOR_RECORD, VENDOR_TABLE_CHANGELOG


def list_missing(
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them: publish a tombstone for each.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """List vendors of the table without a record on vive.vendor-record; exit 1 when there is one and it is not deleted.

    Workers keep such vendors when there are many, or when the topic was created anew: records may have been lost.
    """
    settings = Settings()
    codec = codec_for(settings)
    if as_json and delete and not yes:
        fail("With --json nothing is asked, so say --yes too.", as_json=as_json)
    with TopicReader(settings.kafka, [VENDOR_TABLE_CHANGELOG.name]) as rows:
        vendors = vendors_with_record(rows.to_end(), codec)
    found = _without_record(settings, vendors)
    if found and delete:
        if not yes:
            _print_missing(found)
            typer.confirm(f"Delete {len(found)} vendors?", abort=True)
        found = _without_record(settings, set(found))  # some records may have come since
        BlockingProducer(settings.kafka, seconds=30.0).publish(tombstones(found))
    if as_json:
        print_json({"missing": [_as_json(vendor) for vendor in found], "deleted": delete})
    elif delete and found:
        people.print(f"Deleted {len(found)} vendors: workers forget their records when they read the tombstones.")
    else:
        _print_missing(found)
    raise SystemExit(1 if found and not delete else 0)


def _without_record(settings: Settings, vendors: set[TableVendor]) -> list[TableVendor]:
    with TopicReader(settings.kafka, [VENDOR_RECORD.name], own_only=True) as records:
        return missing(vendors, records.to_end())


def _as_json(vendor: TableVendor) -> dict[str, str | int]:
    return {"client_id": vendor.key.client_id, "vendor_id": vendor.key.vendor_id, "partition": vendor.partition}


def _print_missing(found: list[TableVendor]) -> None:
    for vendor in found:
        sentence = f"{vendor.key} (partition {vendor.partition}) has a row and no record on {VENDOR_RECORD.name}."
        people.print(sentence, markup=False, soft_wrap=True)
    if not found:
        people.print(f"Every vendor of the table has a record on {VENDOR_RECORD.name}.")
