"""Rows of others in the changelog, where another producer writes transactions."""

import asyncio
import logging
from typing import Any, cast

import pytest
from faust.types import TP

from devkit.broker import Broker
from messaging.topic_offsets import TopicOffsets
from processors.state.late_rows import LateRows
from processors.state.shard import Shard
from processors.state.vendor_rows import Rows
from processors.transport.topic_ends import TopicEnds
from schemas.topics import DEFAULT_PARTITIONS, VENDOR_TABLE_CHANGELOG
from schemas.wire.partitioning import partition_of
from tests.support.eventually import eventually
from tests.support.product_topics import ensure_topics
from tests.support.slowness import patient
from tests.support.topics import produce
from tests.support.transactions import Transactions

KEY = b"c1:v1"


class RowsOf:
    """The rows of a worker that owns one partition."""

    def __init__(self, partition: int, shard: Shard) -> None:
        self._shards = [(partition, shard)]
        self.written_again: list[set[bytes]] = []

    def shards(self) -> list[tuple[int, Shard]]:
        return self._shards

    def write_again(self, _partition: int, keys: set[bytes]) -> None:
        self.written_again.append(set(keys))


async def test_rows_of_a_transaction_are_read_when_it_has_ended_and_do_not_count_when_it_was_aborted(
    kafka: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    bootstrap, topic = ensure_topics(kafka.bootstrap), VENDOR_TABLE_CHANGELOG.name
    partition = partition_of(KEY, DEFAULT_PARTITIONS)
    tp, ends, shard = TP(topic, partition), TopicEnds(bootstrap), Shard()
    await ends.start()
    begin = await ends.end(tp)
    shard.applied = begin - 1
    shard.take_over(1)
    rows = RowsOf(partition, shard)
    late_rows = LateRows(
        rows=cast("Rows", cast("Any", rows)), bootstrap=bootstrap, ends=ends.ends, undelivered=lambda: 0
    )
    transactions = await asyncio.to_thread(Transactions, bootstrap)
    await asyncio.to_thread(transactions.open, topic, [(KEY, b"row")])
    # A tombstone: workers of other tests recover this topic.
    await asyncio.to_thread(produce, bootstrap, topic, [(b"c1:own", None)], partition=partition)
    assert shard.epoch is not None
    shard.delivered(shard.epoch, begin + 1)
    with caplog.at_level(logging.WARNING):
        await late_rows.check()
    assert shard.unread == [range(begin, begin + 1)]
    await asyncio.to_thread(transactions.abort)
    offsets = TopicOffsets(bootstrap, seconds=patient(10))
    # The brokers write the marker after they have answered.
    await asyncio.to_thread(eventually, lambda: offsets.ends([tp]) == {tp: begin + 3})
    await late_rows.check()
    assert shard.unread == []
    assert rows.written_again == []
    assert caplog.text == ""
    await ends.stop()
