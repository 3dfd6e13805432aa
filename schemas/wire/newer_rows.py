"""Writes rows anew without losing what a newer release has put into them."""

import io
from typing import Any

import fastavro

from schemas.message import Message
from schemas.wire.codec import Codec
from schemas.wire.kept_fields import covers, overlaid
from schemas.wire.record_schema import bundled_fingerprints, fingerprint_of, record_schema


class NewerRows:
    """Encodes rows of one kind by the schema of the row before, where a newer release wrote that one.

    ``part`` is the field that holds a record as it was read from another topic, and ``part_kind`` that record's kind.
    """

    def __init__(self, codec: Codec, kind: type[Message], *, part: str, part_kind: type[Message]) -> None:
        self._codec = codec
        self._kind = kind
        self._part = part
        self._part_kind = part_kind
        self._foreign: dict[bytes, Any] = {}
        """By header: the schema of another release; None for one of this release's."""

    def encode(self, row: Message, before: bytes | None, *, topic: str, part: bytes | None = None) -> bytes:
        """The bytes of a row that replaces ``before``, or is the first of its key.

        Where a newer release wrote ``before``, its schema is used again, and values of which this release knows nothing stay.
        A part that has changed has the values of the bytes ``part`` that it was read from, as far as the schema has such fields.

        Raises:
            UndecodableError: ``before`` or ``part`` can't be read.
            RegistryUnavailableError: the registry does not answer, or refuses the schema.
        """
        if before is None:
            return self._codec.encode(row, topic=topic)
        schema, header = self._schema_of(self._kind, before)
        if schema is None:
            return self._codec.encode(row, topic=topic)
        whole, known, now = self._whole(self._kind, before), self._known(self._kind, before), row.model_dump()
        if known[self._part] != now[self._part]:
            whole[self._part] = None if part is None else self._whole(self._part_kind, part)
            known[self._part] = None if part is None else self._known(self._part_kind, part)
        written = io.BytesIO()
        values = overlaid(schema, whole=whole, known=known, now=now)
        fastavro.schemaless_writer(written, schema, values, disable_tuple_notation=True)
        return header + written.getvalue()

    def check(self, row: bytes) -> None:
        """Make sure that this row can be replaced without losing anything of it.

        Raises:
            ValueError: its schema lacks a field of this release's, or has one without a default.
        """
        schema, _ = self._schema_of(self._kind, row)
        if schema is not None and not covers(schema, record_schema(self._kind.SCHEMA).parsed):
            raise ValueError("another release wrote it, whose workers can't run at the same time as those of this one")

    def _schema_of(self, kind: type[Message], data: bytes) -> tuple[Any, bytes]:
        schema, header = self._codec.writer_of(kind, data)
        if header not in self._foreign:
            self._foreign[header] = None if fingerprint_of(schema) in bundled_fingerprints() else schema
        return self._foreign[header], header

    def _whole(self, kind: type[Message], data: bytes) -> Any:
        """All values, also those that this release does not know."""
        schema, header = self._codec.writer_of(kind, data)
        return fastavro.schemaless_reader(io.BytesIO(data[len(header) :]), schema, None)

    def _known(self, kind: type[Message], data: bytes) -> dict[str, Any]:
        return self._codec.decode(kind, data).model_dump()
