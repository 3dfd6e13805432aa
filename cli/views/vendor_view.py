"""What the command line shows of a vendor's records and of the repair of one."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from cli.views.output import people
from producers.vendor_repair import VendorRepair
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow


def record_notes(row: VendorRow) -> Iterator[str]:
    """What a person has to know of the vendor's records, a sentence each; nothing where all is well."""
    if row.trouble is not None:
        trouble = row.trouble
        yield (
            f"Since {trouble.at:%Y-%m-%d %H:%M} UTC the newest record can't be used ({trouble.code}; vive.vendor-record, "
            f"partition {trouble.partition}, offset {trouble.offset}): {trouble.reason} "
            "VIVE only places payment holds until a correct record arrives."
        )
    if row.stale_records:
        records = "1 record was" if row.stale_records == 1 else f"{row.stale_records} records were"
        yield f"{records} left out: lower versions than the one that VIVE kept ({row.last_version})."


def print_repair(repair: VendorRepair) -> None:
    """The record in force beside the record to put in force."""
    row = repair.row
    if not repair.is_needed:
        people.print(f"Version {repair.record.version} of vendor {repair.record.key} is in force: nothing to repair.")
        return
    table = Table(f"Vendor {repair.record.key}", "In force now", "Then")
    before = None if row is None else row.record
    for name, old, new in _rows(before, repair.record):
        table.add_row(name, Text(old), Text(new))
    people.print(table)
    for note in record_notes(row) if row is not None else ():
        people.print(note, markup=False, soft_wrap=True)


def _rows(before: VendorRecord | None, after: VendorRecord) -> Iterator[tuple[str, str, str]]:
    """The fields that differ, and always the version and the time."""
    old = {} if before is None else before.model_dump(mode="json")
    for name, value in after.model_dump(mode="json").items():
        if name in {"version", "updated_at"} or old.get(name) != value:
            yield name, _text(old.get(name)), _text(value)


def _text(value: object) -> str:
    return "-" if value is None or value == "" else str(value)
