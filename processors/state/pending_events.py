"""Vendors that wait or are being synced, and the event that settles each."""

from dataclasses import dataclass

from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """The newest ``vendor-sync`` event known of a vendor, and the run that wrote it."""

    offset: int
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt under way: the record that it took (None where there was none), and the highest event offset that it answers."""

    record: VendorRecord | None
    through_offset: int


class PendingEvents:
    """Marks of events without an outcome, rebuilt from the topic: an event sets a mark, an outcome that reaches it removes it.

    The attempts under way are kept too. A vendor has at most one.
    """

    def __init__(self) -> None:
        self._pending: dict[int, dict[VendorKey, PendingEvent]] = {}
        self._attempts: dict[int, dict[VendorKey, Attempt]] = {}

    def note(self, partition: int, key: VendorKey, pending: PendingEvent, *, answered_through: int) -> None:
        """Mark an event of this vendor, unless the vendor's row answers it already."""
        if pending.offset <= answered_through:
            return
        vendors = self._pending.setdefault(partition, {})
        known = vendors.get(key)
        if known is None or known.offset < pending.offset:
            vendors[key] = pending

    def answered(self, partition: int, key: VendorKey, through_offset: int) -> None:
        """Remove the mark of this vendor where an outcome answers its events up to this offset."""
        vendors = self._pending.get(partition, {})
        pending = vendors.get(key)
        if pending is not None and pending.offset <= through_offset:
            del vendors[key]

    def of(self, partition: int, key: VendorKey) -> PendingEvent | None:
        """Return the event of this vendor that has no outcome yet, or None."""
        return self._pending.get(partition, {}).get(key)

    def begun(self, partition: int, key: VendorKey, attempt: Attempt) -> None:
        """Note that an attempt for this vendor took its record."""
        self._attempts.setdefault(partition, {})[key] = attempt

    def ended(self, partition: int, key: VendorKey) -> None:
        """Note that no attempt for this vendor is under way any more."""
        self._attempts.get(partition, {}).pop(key, None)

    def answering_attempt(self, partition: int, key: VendorKey) -> Attempt | None:
        """Return the attempt under way that answers the vendor's pending event; None where a later attempt will, or none."""
        pending, attempt = self.of(partition, key), self._attempts.get(partition, {}).get(key)
        if pending is None or attempt is None or pending.offset > attempt.through_offset:
            return None
        return attempt

    def drop(self, partitions: set[int]) -> None:
        """Forget the marks and attempts of partitions that this worker has lost."""
        for partition in partitions:
            self._pending.pop(partition, None)
            self._attempts.pop(partition, None)

    def __len__(self) -> int:
        return sum(len(vendors) for vendors in self._pending.values())
