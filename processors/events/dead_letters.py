"""Records that can't be read, kept with their bytes so that nothing is lost."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol

from schemas.records.dead_letter import DeadLetter
from schemas.records.vendor_key import VendorKey

KEY_BYTES: Final = 16 * 1024
VALUE_BYTES: Final = 512 * 1024
"""How many bytes of a record's value a dead letter keeps: Kafka takes records of a megabyte, compressed ones of more."""
REASON_LETTERS: Final = 2000


class Fault(Protocol):
    """What is wrong with a record: ``code`` and ``reason`` as in a dead letter. An ``UndecodableError`` is one."""

    @property
    def code(self) -> str:
        """The reason for programs."""

    @property
    def reason(self) -> str:
        """The reason as a sentence for a person."""


def unreadable(message: Any, fault: Fault, *, now: datetime) -> DeadLetter:
    """A dead letter of a record (anything with topic, partition, offset, key, value) that a worker can't act on."""
    client_id: str | None = None
    vendor_id: str | None = None
    key, key_cut = _cut(message.key, KEY_BYTES)
    value, value_cut = _cut(message.value, VALUE_BYTES)
    with suppress(ValueError):
        client_id, vendor_id = VendorKey.from_bytes(message.key)
    return DeadLetter(
        client_id=client_id,
        vendor_id=vendor_id,
        code=fault.code,
        reason=fault.reason[:REASON_LETTERS],
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=key,
        value=value,
        cut=key_cut or value_cut,
        at=now,
    )


def _cut(data: bytes | None, most: int) -> tuple[bytes | None, bool]:
    return (data[:most], True) if data is not None and len(data) > most else (data, False)
