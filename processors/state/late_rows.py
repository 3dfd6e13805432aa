"""Writes rows again over which a former owner of the partition has written."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from processors.state.shard import Shard
from processors.state.vendor_rows import Rows
from processors.transport.new_client import groupless_consumer
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.row_epoch import RowEpoch

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0

AskEnds = Callable[[Collection[TP]], Awaitable[Mapping[TP, int] | None]]
"""Partitions -> the last stable offset of each; None while the brokers do not answer."""


class Written(NamedTuple):
    """A record of the changelog, without its row."""

    key: bytes
    epoch: RowEpoch | None


class LateRows:
    """Finds rows of former owners in the changelog of this worker's partitions, and writes this worker's rows after them.

    Recovery leaves them out by their epoch. Compaction keeps only the newest record of a key, so the owner's row has to be it.
    """

    def __init__(self, *, rows: Rows, bootstrap: str, ends: AskEnds, undelivered: Callable[[], int]) -> None:
        self._rows = rows
        self._bootstrap = bootstrap
        self._ends = ends
        self._undelivered = undelivered

    async def run(self) -> None:
        """Check every ten seconds, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Read what others have written since the last check, and write this worker's rows after it."""
        ends = await self._note_ends()
        try:
            if readable := self._readable(ends):
                async with asyncio.timeout(READ_SECONDS):
                    await self._read(readable)
        except (KafkaError, TimeoutError) as error:
            log.warning(
                "Rows of other workers in the changelog could not be read and will be: %s", type(error).__name__
            )
        for partition, shard in self._recovered().items():
            if shard.late:
                log.warning(
                    "Rows of %d vendors came too late from a former owner of partition %d: this worker's rows are written again.",
                    len(shard.late),
                    partition,
                )
                self._rows.write_again(partition, shard.late)
                shard.late.clear()

    def _recovered(self) -> dict[int, Shard]:
        return {partition: shard for partition, shard in self._rows.shards() if shard.epoch is not None}

    def _readable(self, ends: Mapping[TP, int]) -> list[tuple[int, Shard, range]]:
        """Unread offsets with their partition, as far as they can be read: what an open transaction hides waits for its end."""
        return [
            (partition, shard, offsets)
            for partition, shard in self._recovered().items()
            for offsets in shard.unread
            if offsets.stop <= ends.get(_changelog(partition), 0)
        ]

    async def _note_ends(self) -> Mapping[TP, int]:
        """Rows at the end of a partition, behind this worker's newest one, are another's once none of its own is under way.

        Returns the ends, none while the brokers do not answer.
        """
        shards = self._recovered()
        ends = await self._ends([_changelog(partition) for partition in shards]) if shards else None
        if ends is not None and not self._undelivered():
            for partition, shard in shards.items():
                shard.others_wrote(until=ends[_changelog(partition)])
        return ends or {}

    async def _read(self, readable: Iterable[tuple[int, Shard, range]]) -> None:
        consumer = groupless_consumer(self._bootstrap)
        try:
            await consumer.start()
            for partition, shard, offsets in readable:
                for record in await _records(consumer, _changelog(partition), offsets):
                    shard.found(record.key, record.epoch)
                shard.unread.remove(offsets)
        finally:
            await consumer.stop()


async def _records(consumer: AIOKafkaConsumer, tp: TP, offsets: range) -> list[Written]:
    """The records at these offsets; compaction may have removed some, and some may be transaction markers."""
    partition = TopicPartition(*tp)
    consumer.assign([partition])
    consumer.seek(partition, offsets.start)
    found: list[Written] = []
    while await consumer.position(partition) < offsets.stop:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            found += [Written(r.key, RowEpoch.of_headers(r.headers)) for r in records if r.offset < offsets.stop]
    return found


def _changelog(partition: int) -> TP:
    return TP(VENDOR_TABLE_CHANGELOG.name, partition)
