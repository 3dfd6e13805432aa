"""Loads integrations and vendor records from a file of JSON lines."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from messaging.producer import BlockingProducer, OutgoingRecord
from schemas.errors import ViveSyncError
from schemas.records.integration import FieldGroup, Integration
from schemas.records.vendor_record import VendorRecord
from schemas.topics import INTEGRATION, VENDOR_RECORD
from schemas.wire.codec import Codec
from schemas.wire.validation import describe


class BadLineError(ViveSyncError, ValueError):
    """A line that is neither an integration nor a vendor record. Nothing of the file was loaded."""


class _IntegrationLine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["integration"]
    integration: Integration

    @field_validator("integration")
    @classmethod
    def _known_field_groups(cls, value: Integration) -> Integration:
        """Refuse what a reader leaves out: who writes a file by hand has most likely misspelled it."""
        if value.unknown_pushes:
            groups = ", ".join(FieldGroup)
            raise ValueError(f"pushes holds a name that is no field group: they are {groups}")
        return value


class _VendorLine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["vendor_record"]
    vendor_record: VendorRecord


_line: TypeAdapter[_IntegrationLine | _VendorLine] = TypeAdapter(
    Annotated[_IntegrationLine | _VendorLine, Field(discriminator="kind")]
)


def read_lines(lines: Iterable[str]) -> Iterator[Integration | VendorRecord]:
    """The records of a file. A line is ``{"kind": "integration", "integration": {...}}`` or ``{"kind": "vendor_record", ...}``.

    Raises:
        BadLineError: a line is not; the text has the number of the line and the reason.
    """
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = _line.validate_json(text)
        except ValidationError as error:
            raise BadLineError(_sentence(number, error)) from None
        yield line.integration if isinstance(line, _IntegrationLine) else line.vendor_record


def _sentence(number: int, error: ValidationError) -> str:
    (first, *_) = error.errors(include_url=False, include_input=False)
    if first["type"] == "json_invalid":
        return f"Line {number} is not JSON: {first['ctx']['error'].replace(' line 1', '')}."
    return f"Line {number}: {describe(error, 'record')}"


def load(records: Iterable[Integration | VendorRecord], *, producer: BlockingProducer, codec: Codec) -> int:
    """Produce the records to their topics, and return their number. Pass a list, so that a file is checked before.

    The brokers have all integrations before the first vendor record is sent: a change that a worker reads before its client's
    integration is on its topic is the change of a client that can't be synced.

    Raises:
        KafkaUnavailableError: Kafka does not have all of them.
    """
    integrations: list[Integration] = []
    vendor_records: list[VendorRecord] = []
    for record in records:
        if isinstance(record, Integration):
            integrations.append(record)
        else:
            vendor_records.append(record)
    return sum(
        producer.publish(_outgoing(record, codec) for record in following)
        for following in (integrations, vendor_records)
    )


def _outgoing(record: Integration | VendorRecord, codec: Codec) -> OutgoingRecord:
    if isinstance(record, Integration):
        return OutgoingRecord(INTEGRATION.name, record.client_id.encode(), codec.encode(record, topic=INTEGRATION.name))
    return OutgoingRecord(VENDOR_RECORD.name, record.key.to_bytes(), codec.encode(record, topic=VENDOR_RECORD.name))
