"""The state that the processor keeps of one vendor: a row of its table."""

from datetime import date
from typing import ClassVar

from schemas.message import Message, Part, Timestamp
from schemas.records.vendor_record import VendorRecord


class DeliveredPolicy(Part):
    """An insurance row that VIVE wrote or found to be its own. ``insurance_id`` is the accounting system's id, where known."""

    policy_type: str
    number: str
    expires_on: date | None = None
    insurance_id: str | None = None


class Delivered(Part):
    """Values delivered last that can't be read back, and insurance rows that must be recognised later."""

    dba_name: str | None = None
    policies: tuple[DeliveredPolicy, ...] = ()


class RecordTrouble(Part):
    """The newest vendor record, where VIVE can't act on it. The last good one stays in the row."""

    code: str
    """The reason for programs: ``undecodable``, ``invalid`` or ``stale``."""
    reason: str
    """The reason as a sentence for a person."""
    partition: int
    offset: int
    at: Timestamp
    """Since when VIVE can't act on the vendor's newest record."""
    payment_hold: bool = False
    """Whether the record wants payments to be held, where that much of it is known."""
    hold_reason: str = ""


class VendorRow(Message):
    """VIVE's latest record, and how far its sync is. Offsets are those of ``vendor-sync`` in the topic's life ``topic_id``."""

    SCHEMA: ClassVar[str] = "vendor_row"

    record: VendorRecord | None = None
    delivered: Delivered = Delivered()
    settled_fingerprint: str | None = None
    """Digest of what was pushed when the last sync ended ``updated`` or ``unchanged``."""
    through_offset: int = -1
    topic_id: str = ""
    status: str | None = None
    attempts: int = 0
    """Failed attempts since the last success, over all events."""
    failing_since: Timestamp | None = None
    next_attempt_at: Timestamp | None = None
    parked: bool = False
    updated_at: Timestamp | None = None
    last_version: int = -1
    """Version of the last record that was kept, also after a tombstone; -1 for none."""
    record_offset: int = -1
    """Highest offset of the vendor's records that the row has taken in: one that is read again is not counted twice."""
    stale_records: int = 0
    """Records that were left out because their version was lower than that of the record kept."""
    trouble: RecordTrouble | None = None
