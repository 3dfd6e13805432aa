"""One vendor on every partition whose changes show that the partition is worked."""

from collections.abc import Mapping
from itertools import count

from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.wire.partitioning import partition_of

FIRST_PROVIDER = 1_000_001
"""Provider ids of probes begin here, above those of all other vendors."""


def probe_ids(client_id: str, partitions: int) -> dict[int, str]:
    """For each partition the id of a vendor of the client whose records go there."""
    found: dict[int, str] = {}
    for number in count():
        vendor_id = f"probe-{number}"
        found.setdefault(partition_of(VendorKey(client_id, vendor_id).to_bytes(), partitions), vendor_id)
        if len(found) == partitions:
            break
    return dict(sorted(found.items()))


def changed(record: VendorRecord) -> VendorRecord:
    """The next version of the record: its compliance turned over, which VIVE pushes at once."""
    fields = {"version": record.version + 1, "compliant": not record.compliant, "origin": Origin.CHANGE}
    return record.model_copy(update=fields)


def not_worked(probes: Mapping[int, VendorRecord], worked: Mapping[str, int]) -> list[int]:
    """The partitions whose probe has no outcome yet for its present version; ``worked``: vendor id -> version."""
    return [partition for partition, one in probes.items() if worked.get(one.vendor_id, -1) < one.version]
