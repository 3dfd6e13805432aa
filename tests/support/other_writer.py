"""Records of writers that have another version of a schema than this release."""

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import fastavro

from schemas.message import Message
from schemas.wire.known_schemas import key_of
from schemas.wire.record_schema import SINGLE_OBJECT_MAGIC, Schema, fingerprint_of, load_schema


def schema_of(kind: type[Message]) -> Schema:
    return copy.deepcopy(load_schema(f"avsc/{kind.SCHEMA}.avsc"))


def newer(kind: type[Message], name: str = "colour", kind_of_field: Any = "string", default: Any = "") -> Schema:
    """The schema of this record with one more field, which has a default."""
    schema = schema_of(kind)
    return schema | {"fields": [*schema["fields"], {"name": name, "type": kind_of_field, "default": default}]}


def written(schema: Schema, fields: dict[str, Any]) -> bytes:
    """A record in Avro's single-object encoding, by this schema."""
    body = io.BytesIO()
    fastavro.schemaless_writer(
        body, fastavro.parse_schema(schema, named_schemas={}), fields, disable_tuple_notation=True
    )
    return SINGLE_OBJECT_MAGIC + fingerprint_of(schema) + body.getvalue()


def schema_record(schema: Schema) -> tuple[bytes, bytes]:
    """Key and value of the schema's record on ``vive.schema``."""
    return key_of(fingerprint_of(schema)), json.dumps(schema).encode()


def records_within(schema: Any) -> Iterator[Schema]:
    """Every record that is defined in this schema, itself too."""
    if isinstance(schema, list):
        for branch in schema:
            yield from records_within(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
            yield from records_within([field["type"] for field in schema["fields"]])
        yield from records_within([schema[part] for part in ("items", "values") if part in schema])
