"""Records that the workers keep in a higher version than their topic does.

Kafka compacts by offset: of versions 2 and 1, in this order, the topic keeps 1 and the worker's row keeps 2. The projector sees
both when they come; tables that are built later would show version 1. They take the record of the row once, when they are built.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, Engine, select

from console.read_model.folds.facts import VendorFact
from console.read_model.folds.vendors import NO_RECORD
from console.read_model.projection.projected_offsets import are_kept_records_taken
from console.read_model.projection.writer import Writer
from console.read_model.store import tables
from console.read_model.store.engine import reading
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec

RENEW_AFTER: Final = 2000
"""Rows that are read before the lease is renewed."""


def take_kept_records(
    engine: Engine,
    writer: Writer,
    *,
    bootstrap: str,
    codec: Codec,
    renew: Callable[[], None],
    stop: threading.Event | None = None,
) -> None:
    """Take in the records that the vendor table keeps in a higher version, unless that was done since the tables were emptied.

    ``renew`` renews the lease. Once ``stop`` is set, nothing is taken in.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
        LeaseLostError: another one projects.
    """
    with reading(engine) as connection:
        if are_kept_records_taken(connection):
            return
        versions = _versions(connection)
    with TopicReader(bootstrap, [VENDOR_TABLE_CHANGELOG.name], own_only=True) as reader:
        found = newer_records(_until(stop, reader.to_end(), renew), versions, codec)
    if stop is not None and stop.is_set():
        return
    writer.take_kept_records([VendorFact(key, record) for key, record in found.items()])


def newer_records(
    rows: Iterable[ConsumedRecord], versions: Mapping[VendorKey, int], codec: Codec
) -> dict[VendorKey, VendorRecord]:
    """The records of those rows that have a higher version than the vendor has in ``versions``.

    A vendor of which VIVE has no record is left out: its last record on the topic is a tombstone.
    """
    found: dict[VendorKey, VendorRecord] = {}
    for record in rows:
        row: VendorRow | None = None
        with suppress(ValueError):
            key = VendorKey.from_bytes(record.key)
            found.pop(key, None)
            row = codec.decode(VendorRow, record.value)
        if row is not None and row.record is not None:
            known = versions.get(key, NO_RECORD)
            if known != NO_RECORD and row.record.version > known:
                found[key] = row.record
    return found


def _versions(connection: Connection) -> dict[VendorKey, int]:
    vendors = tables.vendors.c
    rows = connection.execute(select(vendors.client_id, vendors.vendor_id, vendors.version))
    return {VendorKey(row.client_id, row.vendor_id): row.version for row in rows}


def _until(
    stop: threading.Event | None, records: Iterable[ConsumedRecord], renew: Callable[[], None]
) -> Iterator[ConsumedRecord]:
    for number, record in enumerate(records):
        if number % RENEW_AFTER == 0:
            renew()
            if stop is not None and stop.is_set():
                return
        yield record
