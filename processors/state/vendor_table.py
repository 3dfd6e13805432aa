"""The table of vendors: Faust recovers it from its changelog, and rows are kept by partition with an index by client."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, cast

import faust
from faust.stores import base
from faust.types import TP

from messaging.topic_admin import TopicsError
from messaging.topic_differences import placed_by_another
from processors.state.row_placement import Placement, placement_of
from processors.state.shard import NOTHING_APPLIED, Shard, Summarise, UnreadableRow, key_or_none
from processors.transport.partition_ownership import is_next_generation
from schemas.errors import ViveSyncError
from schemas.records.vendor_key import VendorKey
from schemas.wire.partitioning import placed_by
from schemas.wire.row_epoch import RowEpoch

ReadSchemas = Callable[[], Awaitable[None]]
"""Waits until all schemas are known that other workers have published until now."""


class UnreadableRowError(ViveSyncError, ValueError):
    """A row of the changelog can't be read; the text names its partition and offset."""


class VendorStore(base.Store[bytes, bytes]):
    """A Faust store in memory that holds the rows of the partitions assigned to this worker, and of no other."""

    def __init__(
        self, *args: Any, summarise: Summarise, partitions: int, record_topic: str = "", **kwargs: Any
    ) -> None:
        super().__init__("vive-memory://", *args, **kwargs)
        self._summarise = summarise
        self._partitions = partitions
        self._record_topic = record_topic
        self._shards: dict[int, Shard] = {}
        self._generation = 0

    def shard(self, partition: int) -> Shard:
        """The rows of a partition.

        Raises:
            KeyError: the partition is not assigned to this worker.
        """
        return self._shards[partition]

    def shards(self) -> Iterator[tuple[int, Shard]]:
        """Every assigned partition and its rows."""
        yield from self._shards.items()

    def persisted_offset(self, tp: TP) -> int:
        """How far this partition's rows are. -1, not None: Faust would go on from an offset that it remembers itself."""
        shard = self._shards.get(tp.partition)
        return NOTHING_APPLIED if shard is None else shard.applied

    def apply_changelog_batch(self, batch: Iterable[Any], to_key: Any, to_value: Any) -> None:  # noqa: ARG002 -- Faust's signature
        """Apply changelog records. One that can't be read counts only until a newer one of its key makes it good."""
        for event in batch:
            message = event.message
            shard = self._shards.get(message.partition)
            if shard is None or message.generation_id != self.app.consumer_generation_id:
                continue  # Read before a rebalance: partitions that the worker kept are read again from where their rows are.
            if not self._is_in_place(shard, message):
                shard.applied = message.offset
                continue
            if not shard.accepts(message.key, RowEpoch.of_headers(message.headers)):
                shard.applied = message.offset
                continue
            shard.record_topics.recovered(message.key, message.headers)
            if shard.unreadable:
                shard.unreadable.pop(message.key, None)
            try:
                self._apply(shard, message.key, message.value)
            except ValueError as error:
                shard.unreadable[message.key] = UnreadableRow(
                    message.value,
                    f"changelog {message.topic} partition {message.partition} offset {message.offset} "
                    f"does not hold a row ({error})",
                )
            shard.applied = message.offset

    def _is_in_place(self, shard: Shard, message: Any) -> bool:
        placement = placement_of(message.key, message.headers, partition=message.partition, partitions=self._partitions)
        if placement is Placement.BY_ANOTHER_NUMBER:
            shard.placed_by = placed_by(message.headers)
        return placement is Placement.OWN

    def _apply(self, shard: Shard, key: bytes, value: bytes | None) -> None:
        if value is not None:
            shard.put(VendorKey.from_bytes(key), value, self._summarise(value))
        elif (known := key_or_none(key)) is not None:
            shard.forget(known)

    @property
    def is_whole(self) -> bool:
        """Whether every row could be read."""
        return not any(shard.unreadable for shard in self._shards.values())

    def read_again(self) -> None:
        """Read the rows again that could not be read: their schemas may be known now."""
        for shard in self._shards.values():
            for key, row in list(shard.unreadable.items()):
                with suppress(ValueError):
                    self._apply(shard, key, row.value)
                    del shard.unreadable[key]

    def check_whole(self) -> None:
        """See that every row is in its place and could be read.

        Raises:
            TopicsError: rows were placed by another number of partitions.
            UnreadableRowError: the newest record of a key does not hold a row.
        """
        for shard in self._shards.values():
            if shard.placed_by is not None:
                raise TopicsError(placed_by_another(shard.placed_by, self._partitions))
        wrong = [row.reason for shard in self._shards.values() for row in shard.unreadable.values()]
        if wrong:
            raise UnreadableRowError(
                f"The vendor table can't be recovered: {wrong[0]}{f', and {len(wrong) - 1} more' if wrong[1:] else ''}. "
                "Run `vive-sync table repair` to put back what those vendors' records say; the worker then starts."
            )

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],  # noqa: ARG002 -- Faust's signature
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,
    ) -> None:
        """Forget the rows of partitions that are no longer ours, and all rows where a generation of the group was missed.

        A worker that was stopped for longer than its session still has rows on their way to the brokers when it goes on. They
        land behind the rows of the owner in between, and ``applied`` then covers rows that were never read.
        """
        mine = {tp.partition for tp in assigned if tp.topic == self.table.changelog_topic.get_topic_name()}
        kept = self._shards if is_next_generation(generation_id, after=self._generation) else {}
        self._shards = {partition: kept.get(partition) or Shard(record_topic=self._record_topic) for partition in mine}
        self._generation = generation_id

    def reset_state(self) -> None:
        """Nothing is kept on disk."""

    async def backup_partition(self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1) -> None:  # noqa: FBT001, FBT002 -- Faust's signature
        """The changelog is the backup."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:  # noqa: FBT001, FBT002 -- as above
        """The changelog is the backup."""


class VendorTable(faust.Table[bytes, bytes]):
    """A Faust table over a ``VendorStore``. A row that can't be read stops the worker: stock Faust logs it and goes on empty."""

    def __init__(
        self,
        app: faust.App,
        *,
        summarise: Summarise,
        partitions: int,
        read_schemas: ReadSchemas | None = None,
        record_topic: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(app, key_type=bytes, value_type=bytes, partitions=partitions, **kwargs)
        self._read_schemas = read_schemas
        self._new_vendor_store = partial(
            VendorStore, summarise=summarise, partitions=partitions, record_topic=record_topic
        )

    def _new_store(self) -> VendorStore:
        return self._new_vendor_store(self.app, self, table_name=self.name, loop=self.loop)

    @property
    def store(self) -> VendorStore:
        """The rows."""
        return cast("VendorStore", self.data)

    def is_ahead_of(self, generation: int) -> bool:
        """Whether rows of a later generation of the group have been read."""
        return any(shard.is_ahead_of(generation) for _, shard in self.store.shards())

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Apply changelog records, or stop the worker. A worker that stops flushes its buffers once more: that is left out."""
        if self.app.should_stop:
            return
        try:
            self.store.apply_changelog_batch(batch, None, None)
        except Exception as error:
            self.app.loop.create_task(self.app.crash(error))
            raise

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Let records flow over rows that are whole; otherwise stop the worker, and let none flow until it has stopped.

        A worker of a newer release publishes its schemas before its first row, so they are there when its rows are read.
        """
        if self._read_schemas is not None and not self.store.is_whole:
            await self._read_schemas()
            self.store.read_again()
        try:
            self.store.check_whole()
        except (TopicsError, UnreadableRowError) as error:
            self.app.loop.create_task(self.app.crash(error))
            await cast("faust.App", self.app).wait_for_stopped()
            return
        for _, shard in self.store.shards():
            shard.take_over(self.app.consumer_generation_id)
        await super().on_recovery_completed(active_tps, standby_tps)
