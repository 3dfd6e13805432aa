"""Schemas of other writers, learned from the records of ``vive.schema``."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

import fastavro

from schemas.errors import ViveSyncError
from schemas.wire.logical_types import with_logical_types
from schemas.wire.record_schema import bundled_fingerprints, fingerprint_of, present_schemas, schemas_by_full_name
from schemas.wire.writer_schema import EndlessSchemaError, parse_writer

LARGEST: Final = 64 * 1024
"""The most bytes of a schema that is read. The largest of this product has 10,000."""
MOST: Final = 200
"""The most schemas that are learned, so that hostile records do not fill the memory. A release adds a handful at most."""


class RefusedSchemaError(ViveSyncError, ValueError):
    """A record of ``vive.schema`` that is not used. The text is the reason, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSchema:
    """A writer's schema, ready to read with. ``full_name`` is the Avro name of the record that it describes."""

    full_name: str
    parsed: Any


class WriterSchemas(Protocol):
    """Schemas that are not part of this release, by the fingerprint in a record's header."""

    def of(self, fingerprint: bytes) -> LearnedSchema | None:
        """The schema of a fingerprint; None: it is not known."""

    def found(self, fingerprint: bytes) -> LearnedSchema | None:
        """As ``of``, for a record that is read now. It may block to find out."""

    def look_up(self, fingerprints: Iterable[bytes]) -> None:
        """Find out those of these schemas that are not known. It may block."""


class KnownSchemas:
    """The schemas of some records of ``vive.schema``. It does no I/O."""

    def __init__(self) -> None:
        self._learned: dict[bytes, LearnedSchema] = {}
        self.refused = 0
        """Records that were refused so far."""

    @property
    def fingerprints(self) -> frozenset[bytes]:
        """The fingerprints of the learned schemas."""
        return frozenset(self._learned)

    def of(self, fingerprint: bytes) -> LearnedSchema | None:
        """The schema of a fingerprint; None: it is not known."""
        return self._learned.get(fingerprint)

    def found(self, fingerprint: bytes) -> LearnedSchema | None:
        """As ``of``."""
        return self.of(fingerprint)

    def look_up(self, fingerprints: Iterable[bytes]) -> None:
        """Do nothing: whoever reads the topic calls ``learn``."""

    def learn(self, key: bytes | None, value: bytes | None) -> bytes | None:
        """Take in one record of ``vive.schema``.

        A tombstone changes nothing: records with the schema may still be there.

        Returns:
            The fingerprint of a schema that is known from now on; None where the record changes nothing.

        Raises:
            RefusedSchemaError: it holds no schema that records of this product may be read with.
        """
        if value is None or _published_forms().get(key or b"") == value:
            return None
        try:
            fingerprint, given = _checked(key, value)
            if fingerprint in bundled_fingerprints() or fingerprint in self._learned:
                return None
            self._learned[fingerprint] = self._parsed(given)
        except Exception as error:
            self.refused += 1
            raise _refusal(error) from error
        return fingerprint

    def _parsed(self, given: Any) -> LearnedSchema:
        if len(self._learned) >= MOST:
            raise RefusedSchemaError(
                f"{MOST} schemas of other writers are known already. Delete those that no record uses from vive.schema with "
                "tombstones, and start the processes that read it anew"
            )
        name = given["name"]
        readers = schemas_by_full_name()
        if name not in readers:
            raise RefusedSchemaError(f"it describes {name[:100]!a}, which is no record of this product")
        return LearnedSchema(full_name=name, parsed=parse_writer(with_logical_types(given, readers[name].parsed)))


def _checked(key: bytes | None, value: bytes) -> tuple[bytes, Any]:
    """The schema in this record, parsed, and its fingerprint, which must be the record's key."""
    if len(value) > LARGEST:
        raise RefusedSchemaError(f"it is {len(value)} bytes large; a schema has at most {LARGEST}")
    given: Any = fastavro.parse_schema(json.loads(value), named_schemas={})
    if not isinstance(given, dict) or given["type"] != "record":
        raise RefusedSchemaError("it describes no record")
    fingerprint = fingerprint_of(given)
    if key != key_of(fingerprint):
        raise RefusedSchemaError(f"its fingerprint is {fingerprint.hex()}, and the record's key says otherwise")
    return fingerprint, given


def _refusal(error: Exception) -> RefusedSchemaError:
    """The reason as a sentence. Parsing hostile schemas fails in many ways."""
    if isinstance(error, RefusedSchemaError):
        return error
    if isinstance(error, EndlessSchemaError):
        return RefusedSchemaError(f"it can't be read by: {error}")
    return RefusedSchemaError(f"it is no Avro schema: {type(error).__name__} while parsing it")


def key_of(fingerprint: bytes) -> bytes:
    """The key of a schema's record on ``vive.schema``: its fingerprint in hexadecimal digits, in the order of a header."""
    return fingerprint.hex().encode()


def published_form(fingerprint: bytes) -> bytes | None:
    """The value to write to ``vive.schema`` for a schema that this release writes records with; None for another one."""
    return _published_forms().get(key_of(fingerprint))


@cache
def _published_forms() -> Mapping[bytes, bytes]:
    """The values of this release's own schemas by their keys: these are on the topic many times, and need no check."""
    return {
        key_of(fingerprint): json.dumps(schema, separators=(",", ":")).encode()
        for fingerprint, schema in present_schemas().items()
    }
