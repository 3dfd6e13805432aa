"""Records to bytes and back.

Two wire formats, both Avro. Confluent's (a zero byte, the registry's schema id in four bytes, the record) is written when a
schema registry is configured; Avro single-object encoding (``C3 01``, the CRC-64-AVRO fingerprint of the writer's schema in
eight bytes, little endian, the record; Avro 1.12 specification) when none is. Readers accept both. Schemas that are not part of
this release come from the registry, or from the topic ``vive.schema``.
"""

import io
import struct
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import fastavro
from pydantic import ValidationError

from schemas.errors import ViveSyncError
from schemas.message import KeyedMessage, Message
from schemas.wire.known_schemas import KnownSchemas, WriterSchemas
from schemas.wire.record_schema import (
    HEADER_BYTES,
    SINGLE_OBJECT_MAGIC,
    RecordSchema,
    bundled_fingerprints,
    named_fingerprint,
    record_schema,
)
from schemas.wire.schema_ids import SchemaIds
from schemas.wire.validation import describe
from schemas.wire.whole_reads import WholeReads
from schemas.wire.writer_schema import EndlessSchemaError, parse_writer

CONFLUENT_MAGIC: Final = b"\x00"
M = TypeVar("M", bound=Message)
K = TypeVar("K", bound=KeyedMessage)


class RegistryUnavailableError(ViveSyncError, ConnectionError):
    """The schema registry does not answer, or refuses. The record may be valid: its reader retries. The text is for a person."""


class UndecodableError(ViveSyncError, ValueError):
    """Bytes that are not a record of the expected kind. The text is the reason, without values, for a person."""

    def __init__(self, reason: str, *, code: str = "undecodable") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        """``undecodable`` (not Avro of a known schema) or ``invalid`` (Avro, but not a valid record)."""


class UnknownSchemaError(UndecodableError):
    """The record was written with a schema that is not known yet."""

    def __init__(self, fingerprint: bytes, kind: str) -> None:
        super().__init__(
            f"The record was written with schema {fingerprint.hex()}, which is no known version of {kind}: it is not on "
            "vive.schema. Whoever writes such records must publish the schema there first."
        )
        self.fingerprint = fingerprint


class Codec:
    """Encodes and decodes messages; with ``registry`` it writes Confluent's format.

    ``schemas`` has those of other writers that the header of Avro's format names.
    """

    def __init__(self, registry: SchemaIds | None = None, schemas: WriterSchemas | None = None) -> None:
        self._registry = registry
        self._schemas = schemas or KnownSchemas()
        self._headers: dict[tuple[str, str], bytes] = {}
        self._writers: dict[int, Any] = {}

    def with_schemas(self, schemas: WriterSchemas) -> "Codec":
        """A codec with the same registry and these schemas of other writers."""
        return Codec(self._registry, schemas)

    def unknown_schema(self, data: bytes | None) -> bytes | None:
        """The fingerprint in the header of these bytes where its schema is not known; else None."""
        fingerprint = named_fingerprint(data)
        known = fingerprint is None or fingerprint in bundled_fingerprints() or self._schemas.of(fingerprint)
        return None if known else fingerprint

    def look_up(self, values: Iterable[bytes | None]) -> None:
        """Find out the unknown schemas of these records, all at once. It may block."""
        unknown = {fingerprint for value in values if (fingerprint := self.unknown_schema(value)) is not None}
        if unknown:
            self._schemas.look_up(unknown)

    def encode(self, message: Message, *, topic: str) -> bytes:
        """The bytes of a record's value on ``topic``.

        Raises:
            RegistryUnavailableError: the registry does not answer, or refuses the schema.
        """
        schema = record_schema(message.SCHEMA)
        buffer = io.BytesIO()
        buffer.write(self._header(schema, message.SCHEMA, topic))
        fields = message.model_dump()
        for name, branch in schema.named_branches.items():
            if fields[name] is not None:
                fields[name] = (branch, fields[name])
        fastavro.schemaless_writer(buffer, schema.parsed, fields, disable_tuple_notation=not schema.named_branches)
        return buffer.getvalue()

    def decode(self, kind: type[M], data: bytes | None) -> M:
        """The record in these bytes.

        Raises:
            UndecodableError: they hold no valid record of this kind.
            RegistryUnavailableError: the registry does not return their schema now.
        """
        schema = record_schema(kind.SCHEMA)
        if not data:
            raise UndecodableError(f"The record is empty; a {kind.__name__} was expected.")
        if len(data) > kind.LARGEST:
            raise UndecodableError(
                f"The record is {len(data)} bytes large; a {kind.__name__} has at most {kind.LARGEST}."
            )
        body = io.BytesIO(data)
        writer = self._writer(schema, kind, body)
        try:
            if writer is schema.parsed:
                fields = fastavro.schemaless_reader(body, writer, None)
            else:
                at, body = body.tell(), WholeReads(data)
                body.seek(at)
                fields = fastavro.schemaless_reader(body, writer, schema.parsed)
        except Exception as error:
            raise UndecodableError(
                f"The bytes do not hold a {kind.__name__}: {type(error).__name__} while reading Avro."
            ) from error
        if body.tell() < len(data):
            raise UndecodableError(f"The bytes go on after the {kind.__name__} that they hold.")
        try:
            return kind.model_validate(fields)
        except ValidationError as error:
            raise UndecodableError(describe(error, kind.__name__), code="invalid") from None

    def decode_keyed(self, kind: type[K], key: bytes | None, data: bytes | None) -> K:
        """The record in these bytes, whose key must be the one that follows from its value.

        Raises:
            UndecodableError: the bytes hold no valid record of this kind, or the record has another key.
            RegistryUnavailableError: the registry does not return their schema now.
        """
        record = self.decode(kind, data)
        if key != record.record_key:
            shown = (key or b"").decode(errors="replace")
            raise UndecodableError(
                f"The record's key {shown} is not its {kind.KEY_NAMES} {record.record_key.decode()}.", code="invalid"
            )
        return record

    def writer_of(self, kind: type[Message], data: bytes) -> tuple[Any, bytes]:
        """The parsed schema that these bytes were written with, and the header that names it.

        Raises:
            UndecodableError: they hold no record of this kind.
            RegistryUnavailableError: the registry does not return their schema now.
        """
        body = io.BytesIO(data)
        return self._writer(record_schema(kind.SCHEMA), kind, body), data[: body.tell()]

    def _header(self, schema: RecordSchema, name: str, topic: str) -> bytes:
        if self._registry is None:
            return schema.header
        header = self._headers.get((name, topic))
        if header is None:
            header = CONFLUENT_MAGIC + struct.pack(">I", self._registry.id_for(f"{topic}-value", schema.raw))
            self._headers[name, topic] = header
        return header

    def _writer(self, schema: RecordSchema, kind: type[Message], body: io.BytesIO) -> Any:
        magic = body.read(1)
        if magic == CONFLUENT_MAGIC:
            return self._registered_writer(kind, body.read(4))
        if magic + body.read(1) != SINGLE_OBJECT_MAGIC:
            raise UndecodableError(
                f"The bytes begin with neither Confluent's nor Avro's single-object header; a {kind.__name__} was expected."
            )
        fingerprint = body.read(8)
        writer = schema.writers.get(fingerprint)
        return self._learned_writer(schema, kind, fingerprint) if writer is None else writer

    def _learned_writer(self, schema: RecordSchema, kind: type[Message], fingerprint: bytes) -> Any:
        learned = self._schemas.found(fingerprint)
        if learned is None and len(fingerprint) == HEADER_BYTES - 2 and fingerprint not in bundled_fingerprints():
            raise UnknownSchemaError(fingerprint, kind.__name__)
        if learned is None or learned.full_name != schema.full_name:
            raise UndecodableError(
                f"The record was written with schema {fingerprint.hex()}, which is no known version of {kind.__name__}."
            )
        return learned.parsed

    def _registered_writer(self, kind: type[Message], header: bytes) -> Any:
        if self._registry is None or len(header) != 4:  # noqa: PLR2004 -- the header's length in Confluent's format
            raise UndecodableError(
                f"The bytes have Confluent's header, and no schema registry is configured to read a {kind.__name__} with."
            )
        (schema_id,) = struct.unpack(">I", header)
        if schema_id not in self._writers:
            try:
                self._writers[schema_id] = parse_writer(self._registry.schema_for(schema_id))
            except RegistryUnavailableError:
                raise
            except LookupError as error:
                raise UndecodableError(f"The schema registry has no schema {schema_id}: {error}") from error
            except EndlessSchemaError as error:
                raise UndecodableError(f"The schema registry's schema {schema_id} can't be read by: {error}") from error
            except Exception as error:
                raise UndecodableError(
                    f"The schema registry's schema {schema_id} is not Avro: {type(error).__name__} while parsing it."
                ) from error
        return self._writers[schema_id]
