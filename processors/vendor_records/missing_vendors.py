"""Which vendors are missing on a partition that is read again from its start, and what follows. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from messaging.missed_deletions import PositionDoubt, may_delete
from schemas.records.dead_letter import DeadLetter
from schemas.records.vendor_key import VendorKey
from schemas.topics import VENDOR_RECORD

CODE = "unconfirmed_deletions"


class Missing(NamedTuple):
    """What a partition that was read again has shown."""

    vendors: tuple[VendorKey, ...]
    """Vendors with a row that holds a record, and without a record on the topic."""
    may_be_deleted: bool


class Unseen:
    """The vendors of a partition that have not turned up yet while the partition is read again."""

    def __init__(self, vendors: Iterable[VendorKey], *, doubt: PositionDoubt, handled_to: int) -> None:
        """Begin.

        Args:
            vendors: the vendors whose rows hold a record.
            doubt: why the partition is read again.
            handled_to: the offset below which every record was handled before.
        """
        self._unseen = set(vendors)
        self._rows = len(self._unseen)
        self.doubt = doubt
        self.handled_to = handled_to

    def saw(self, vendor: VendorKey) -> None:
        """The partition has a record of this vendor, readable or not; or a tombstone, which deletes it by itself."""
        self._unseen.discard(vendor)

    def result(self) -> Missing:
        """The result once the partition is read to its end."""
        may = may_delete(self.doubt, missing=len(self._unseen), rows=self._rows)
        return Missing(tuple(sorted(self._unseen)), may)


def sentence(missing: Missing, doubt: PositionDoubt, *, partition: int) -> str:
    """What is wrong and what a person can do, where vendors are missing that may not be deleted."""
    return (
        f"Partition {partition} of {VENDOR_RECORD.name} was read again, because {doubt.value}: {len(missing.vendors)} vendors"
        " of the table have no record there. They are kept, since they may be lost rather than deleted. List them with"
        " `vive-sync table missing`; delete them with `vive-sync table missing --delete`, or publish their records again."
    )


def dead_letter(missing: Missing, doubt: PositionDoubt, *, partition: int, end: int, now: datetime) -> DeadLetter:
    """A dead letter for a person. ``end``: the end of the partition, in place of a record's offset."""
    return DeadLetter(
        code=CODE,
        reason=sentence(missing, doubt, partition=partition),
        topic=VENDOR_RECORD.name,
        partition=partition,
        offset=end,
        at=now,
    )
