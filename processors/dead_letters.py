"""Records that can't be read, kept with their bytes so that nothing is lost."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from schemas.codec import UndecodableError
from schemas.dead_letter import DeadLetter
from schemas.vendor_key import VendorKey


def unreadable(message: Any, error: UndecodableError, *, now: datetime) -> DeadLetter:
    """A dead letter of a record (anything with topic, partition, offset, key, value) that does not decode or validate."""
    client_id: str | None = None
    vendor_id: str | None = None
    with suppress(ValueError):
        client_id, vendor_id = VendorKey.from_bytes(message.key)
    return DeadLetter(
        client_id=client_id,
        vendor_id=vendor_id,
        code=error.code,
        reason=error.reason,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        at=now,
    )
