"""Whether a vendor record that came from a foreign partition is newer than what was kept. Pure."""

from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.wire.partitioning import Headers, is_forwarded


def is_outdated_copy(row: VendorRow | None, record: VendorRecord, headers: Headers) -> bool:
    """Whether the record was forwarded and its version is not higher than that of every record kept before.

    On its foreign partition it was not replaced by newer records of its key, nor removed by a tombstone: so it may be older
    than the vendor's deletion. It does not count as stale.
    """
    if row is None or not is_forwarded(headers):
        return False
    kept = -1 if row.record is None else row.record.version
    return record.version <= max(row.last_version, kept)
