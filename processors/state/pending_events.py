"""Which vendors are waiting or being sent, and the event that will settle each."""

from dataclasses import dataclass

from schemas.records.vendor_key import VendorKey


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """The newest ``vendor-sync`` event known of a vendor, and the run that wrote it."""

    offset: int
    run_id: str | None


class PendingEvents:
    """Marks rebuilt from the log: an event read or written sets one, an answer that reaches it takes it away."""

    def __init__(self) -> None:
        self._pending: dict[int, dict[VendorKey, PendingEvent]] = {}

    def note(self, partition: int, key: VendorKey, pending: PendingEvent, *, answered_through: int) -> None:
        """An event of this vendor is in the log; not marked when the vendor's row answers it already."""
        if pending.offset <= answered_through:
            return
        vendors = self._pending.setdefault(partition, {})
        known = vendors.get(key)
        if known is None or known.offset < pending.offset:
            vendors[key] = pending

    def answered(self, partition: int, key: VendorKey, through_offset: int) -> None:
        """An outcome answers this vendor's events up to here."""
        vendors = self._pending.get(partition, {})
        pending = vendors.get(key)
        if pending is not None and pending.offset <= through_offset:
            del vendors[key]

    def of(self, partition: int, key: VendorKey) -> PendingEvent | None:
        """The event that is yet to be answered, or None."""
        return self._pending.get(partition, {}).get(key)

    def drop(self, partitions: set[int]) -> None:
        """These partitions are no longer ours."""
        for partition in partitions:
            self._pending.pop(partition, None)

    def __len__(self) -> int:
        return sum(len(vendors) for vendors in self._pending.values())
