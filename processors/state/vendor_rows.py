"""Rows of the vendor table, read and written as models."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from processors.events.async_producer import AsyncProducer, DeliveryReport
from processors.state.row_summary import summary_of
from processors.state.shard import Shard, Summary
from processors.state.vendor_table import VendorStore
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec
from schemas.wire.newer_rows import NewerRows
from schemas.wire.partitioning import PARTITIONS_HEADER
from schemas.wire.row_epoch import RowEpoch

DECODED_ROWS: Final = 2048
"""Rows kept as models besides their bytes, so that one piece of work decodes its row once."""


class Rows:
    """The rows of the partitions that this worker owns.

    A row is visible at once and safe when its future ends. Rows go to the changelog through the worker's own producer: an
    event is acknowledged only after the brokers have confirmed its row, which Faust's table does not offer.
    """

    def __init__(
        self, *, store: Callable[[], VendorStore], codec: Codec, producer: AsyncProducer, topic_id: str, partitions: int
    ) -> None:
        self._store = store
        self._codec = codec
        self._newer = NewerRows(codec, VendorRow, part="record", part_kind=VendorRecord)
        self._producer = producer
        self._topic_id = topic_id
        self._placed = {PARTITIONS_HEADER: str(partitions)}
        self._decoded: OrderedDict[VendorKey, tuple[bytes, VendorRow]] = OrderedDict()

    def get(self, partition: int, key: VendorKey) -> VendorRow | None:
        """The vendor's row, or None.

        Raises:
            KeyError: the partition is not this worker's.
        """
        data = self._store().shard(partition).rows.get(key)
        if data is None:
            return None
        known = self._decoded.get(key)
        if known is not None and known[0] is data:
            return known[1]
        row = self._codec.decode(VendorRow, data)
        self._remember(key, data, row)
        return row

    def answered_through(self, partition: int, key: VendorKey) -> int:
        """The highest ``vendor-sync`` offset that the vendor's row answers; -1 for none.

        Raises:
            KeyError: the partition is not this worker's.
        """
        summary = self._store().shard(partition).summary(key)
        return -1 if summary is None else summary.answered_through

    def vendors_of(self, partition: int, client_id: str) -> dict[str, bool]:
        """Return the client's vendors in this partition that VIVE has records on, and whether each is linked.

        Raises:
            KeyError: the partition is not this worker's.
        """
        vendors = self._store().shard(partition).clients.get(client_id, {})
        return {vendor_id: summary.linked for vendor_id, summary in vendors.items() if summary.known}

    def unsynced_changes(self, partition: int, client_id: str) -> list[VendorKey]:
        """Return the client's vendors in this partition whose record is a change that no attempt has synced.

        Raises:
            KeyError: the partition is not this worker's.
        """
        vendors = self._store().shard(partition).clients.get(client_id, {})
        return [VendorKey(client_id, vendor_id) for vendor_id, summary in vendors.items() if summary.unsynced_change]

    def with_stale_records(self, partition: int, client_id: str, vendor_ids: Iterable[str]) -> list[str]:
        """Return those of these vendors of which records were left out as stale.

        Raises:
            KeyError: the partition is not this worker's.
        """
        shard = self._store().shard(partition)
        summaries = {vendor_id: shard.summary(VendorKey(client_id, vendor_id)) for vendor_id in vendor_ids}
        return [vendor_id for vendor_id, summary in summaries.items() if summary is not None and summary.stale_records]

    def known_vendors(self, partition: int) -> Iterator[VendorKey]:
        """Yield the vendors of this partition that VIVE has data on.

        Raises:
            KeyError: the partition is not this worker's.
        """
        clients = self._store().shard(partition).clients
        for client_id, vendors in clients.items():
            for vendor_id, summary in vendors.items():
                if summary.known:
                    yield VendorKey(client_id, vendor_id)

    def has_records_of_another_topic(self, partition: int) -> bool:
        """Whether rows of this partition hold records that were read before their topic was created anew.

        Raises:
            KeyError: the partition is not this worker's.
        """
        others = self._store().shard(partition).record_topics.others
        return bool(others) and any(vendor.to_bytes() in others for vendor in self.known_vendors(partition))

    def on_present_topic(self, partition: int, key: bytes) -> None:
        """The topic of records has a record or a tombstone of this vendor.

        Raises:
            KeyError: the partition is not this worker's.
        """
        self._store().shard(partition).record_topics.seen(key)

    def take_due(self, now: float) -> list[tuple[int, VendorKey]]:
        """Return each vendor of this worker whose retry time has come, once, with its partition; ``now``: Unix time."""
        return [(partition, key) for partition, shard in self._store().shards() for key in shard.take_due(now)]

    def parked(self) -> dict[str, list[tuple[int, VendorKey]]]:
        """Return the parked vendors of this worker by client, each with its partition."""
        found: dict[str, list[tuple[int, VendorKey]]] = {}
        for partition, shard in self._store().shards():
            for client_id, keys in shard.parked.items():
                found.setdefault(client_id, []).extend((partition, key) for key in keys)
        return found

    def shards(self) -> Iterator[tuple[int, Shard]]:
        """Every partition of this worker's and its rows."""
        return self._store().shards()

    def put(
        self, partition: int, key: VendorKey, row: VendorRow, *, record: bytes | None = None
    ) -> "asyncio.Future[DeliveryReport]":
        """Keep this row. ``record``: the bytes that its record was read from, where that is new.

        Raises:
            KeyError: the partition is not this worker's, or its rows are not recovered yet.
        """
        shard = self._store().shard(partition)
        epoch = shard.epoch
        if epoch is None:
            raise KeyError(partition)
        data = self._newer.encode(row, shard.rows.get(key), topic=VENDOR_TABLE_CHANGELOG.name, part=record)
        shard.put(key, data, summary_of(row, self._topic_id))
        self._remember(key, data, row)
        return self._write(partition, shard, epoch, key.to_bytes(), data)

    def write_again(self, partition: int, keys: Iterable[bytes]) -> None:
        """Write the rows of these keys to the changelog as they are; a tombstone for a key without a row.

        Raises:
            KeyError: the partition is not this worker's.
        """
        shard = self._store().shard(partition)
        if shard.epoch is not None:
            for key in keys:
                self._write(partition, shard, shard.epoch, key, shard.row(key))

    def _write(
        self, partition: int, shard: Shard, epoch: RowEpoch, key: bytes, data: bytes | None
    ) -> "asyncio.Future[DeliveryReport]":
        delivered = self._producer.send(
            VENDOR_TABLE_CHANGELOG.name,
            key=key,
            value=data,
            partition=partition,
            headers={**epoch.headers(), **self._placed, **shard.record_topics.headers(key)},
        )
        delivered.add_done_callback(partial(_note_delivery, shard, epoch))
        return delivered

    def summarise(self, data: bytes) -> Summary:
        """The summary of an encoded row.

        Raises:
            ValueError: it can't be read, or not replaced without losing anything of it.
        """
        self._newer.check(data)
        return summary_of(self._codec.decode(VendorRow, data), self._topic_id)

    def _remember(self, key: VendorKey, data: bytes, row: VendorRow) -> None:
        self._decoded[key] = (data, row)
        while len(self._decoded) > DECODED_ROWS:
            self._decoded.popitem(last=False)


def _note_delivery(shard: Shard, epoch: RowEpoch, delivered: "asyncio.Future[DeliveryReport]") -> None:
    """Note it in the rows that it was written from: recovered anew meanwhile, the partition's rows may not contain it."""
    if not delivered.cancelled() and delivered.exception() is None:
        shard.delivered(epoch, delivered.result().offset)
