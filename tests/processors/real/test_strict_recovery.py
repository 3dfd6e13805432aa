"""A worker's recovery and its membership go on, or end the worker: they never stand still."""
# ruff: noqa: SLF001 -- Faust and aiokafka keep private what a broken cluster would change

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaError, UnknownError

from devkit.broker import Broker
from processors.transport.member_consumer import MembershipLostError
from schemas.records.vendor_key import VendorKey
from schemas.wire.row_epoch import RowEpoch
from tests.processors.recovering import Recovering
from tests.support.eventually import eventually_async
from tests.support.topics import produce


@pytest.mark.filterwarnings("ignore::faust.exceptions.AlreadyConfiguredWarning")
async def test_a_step_of_recovery_that_takes_too_long_begins_the_recovery_again(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        recovering.app.conf.broker_request_timeout = 3.0  # a step waits for the fetch under way, up to a second
        thread, generation = recovering.thread, recovering.app.consumer_generation_id
        highwaters, answer = thread._highwaters, asyncio.Event()
        asked = 0

        async def late_highwaters(partitions: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                await answer.wait()
            answer.set()
            return await highwaters(partitions)

        thread._highwaters = late_highwaters
        recovering.rebalance()
        assert await recovering.recovered(since=generation)
    assert asked > 1


async def test_a_step_of_recovery_that_fails_begins_the_recovery_again(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        thread, generation = recovering.thread, recovering.app.consumer_generation_id
        highwaters = thread._highwaters
        asked = 0

        async def failing_highwaters(partitions: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise UnknownError
            return await highwaters(partitions)

        thread._highwaters = failing_highwaters
        recovering.rebalance()
        assert await recovering.recovered(since=generation)
    assert asked > 1
    assert recovering.app.crash_reason is None


async def test_the_fetching_task_goes_on_at_once_when_partitions_are_resumed(
    kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.transport.strict_transport.RESUME_SECONDS", 3600.0)
    recovering = Recovering(kafka, tmp_path)
    consumer = recovering.consumer
    async with recovering.running():
        assigned = consumer.assignment()
        consumer.pause_partitions(assigned)
        await eventually_async(lambda: consumer._resumed.is_set() is False and not consumer._get_active_partitions())
        produce(kafka.bootstrap, recovering.source, [(b"k", b"v")])
        consumer.resume_partitions({tp for tp in assigned if tp.topic == recovering.source})
        await eventually_async(lambda: recovering.reading.offsets == [0])


async def test_a_partition_that_is_revoked_before_a_seek_ends_nothing(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    consumer = recovering.consumer
    async with recovering.running():
        (source,) = (tp for tp in consumer.assignment() if tp.topic == recovering.source)
        gone = source._replace(partition=7)
        consumer._ledgers[gone] = consumer._ledgers[source]
        consumer._left_out.add(gone)
        produce(kafka.bootstrap, recovering.source, [(b"k", b"v")])
        await eventually_async(lambda: recovering.reading.offsets == [0])
    assert recovering.app.crash_reason is None


async def test_work_that_waits_for_a_membership_that_is_lost_is_cancelled(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    consumer = recovering.consumer
    async with recovering.running():
        coordinator, thread = recovering.aiokafka._coordinator, recovering.thread
        await consumer.ensure_group_membership()
        rejoining = asyncio.Event()

        async def wait_to_join(*_: Any) -> None:
            await rejoining.wait()

        join, coordinator._do_rejoin_group = coordinator._do_rejoin_group, wait_to_join
        # What aiokafka does when the brokers no longer know the member, as after a session that has expired.
        thread.thread_loop.call_soon_threadsafe(coordinator.reset_generation)
        await eventually_async(lambda: not thread.is_member)
        waiting = asyncio.create_task(consumer.ensure_group_membership())
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        with pytest.raises(MembershipLostError):
            await consumer.ensure_group_membership()
        coordinator._do_rejoin_group = join
        thread.thread_loop.call_soon_threadsafe(rejoining.set)
        await eventually_async(lambda: thread.is_member)
        await consumer.ensure_group_membership()


@pytest.mark.parametrize("error", [KafkaError("denied"), TypeError("a fault")], ids=["reported", "raised"])
async def test_a_membership_that_fails_for_good_ends_the_worker(
    error: Exception, kafka: Broker, tmp_path: Path
) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        subscription = recovering.aiokafka._subscription

        def under_way() -> bool:
            return any(not waiter.done() for waiter in subscription._fetch_waiters)

        async def fail(*_: Any) -> None:
            while under_way():  # noqa: ASYNC110 -- it would raise the error, and end the worker too
                await asyncio.sleep(0.01)
            raise error

        recovering.aiokafka._coordinator._do_rejoin_group = fail
        recovering.rebalance()
        await eventually_async(lambda: recovering.app.crash_reason is not None)
    assert str(error) in str(recovering.app.crash_reason)


async def test_a_recovery_is_no_rebalance(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    consumer = recovering.consumer
    async with recovering.running():
        recovered, began = asyncio.Event(), asyncio.Event()
        complete = recovering.app.tables.recovery.on_recovery_completed

        async def complete_late(*args: Any) -> None:
            began.set()
            await recovered.wait()
            await complete(*args)

        recovering.app.tables.recovery.on_recovery_completed = complete_late
        recovering.rebalance()
        await began.wait()
        assert (recovering.app.rebalancing, consumer.rebalancing, consumer.reading) == (True, False, False)
        recovered.set()
        await eventually_async(lambda: consumer.reading)


async def test_rows_are_recovered_anew_after_a_missed_generation_of_the_group(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    async with recovering.running():
        (table,) = recovering.app.tables.values()
        store, assigned = table.store, recovering.consumer.assignment()
        generation = recovering.app.consumer_generation_id
        # A row of this worker's that lands behind the other worker's row, which it has not read.
        (changelog,) = (tp for tp in assigned if tp.topic == recovering.changelog)
        store.shard(changelog.partition).applied = 2
        await store.on_rebalance(assigned, set(), set(), generation + 1)
        assert store.persisted_offset(changelog) == 2
        await store.on_rebalance(assigned, set(), set(), generation + 3)
        assert store.persisted_offset(changelog) == -1
        assert not store.shard(changelog.partition).rows


async def test_a_row_that_a_former_owner_wrote_too_late_is_not_recovered(kafka: Broker, tmp_path: Path) -> None:
    recovering = Recovering(kafka, tmp_path)
    key = VendorKey("c1", "v3")

    def write(row: bytes, epoch: RowEpoch) -> None:
        produce(kafka.bootstrap, recovering.changelog, [(key.to_bytes(), row)], headers=epoch.headers())

    write(b"of the owner before", RowEpoch(0, 900))
    write(b"of the owner", RowEpoch(0, 902))
    write(b"of the owner before, too late", RowEpoch(0, 900))
    async with recovering.running():
        (table,) = recovering.app.tables.values()
        shard = table.store.shard(0)
        assert shard.rows[key] == b"of the owner"
        assert shard.late == {key.to_bytes()}
        # The group has not reached generation 900 here: it was deleted after those rows were written.
        assert shard.epoch == RowEpoch(1, recovering.app.consumer_generation_id)


async def test_a_worker_that_lost_its_membership_in_a_recovery_does_not_take_its_group_for_deleted(
    kafka: Broker, tmp_path: Path
) -> None:
    recovering = Recovering(kafka, tmp_path)
    consumer = recovering.consumer
    async with recovering.running():
        (table,) = recovering.app.tables.values()
        generation, epoch = recovering.app.consumer_generation_id, table.store.shard(0).epoch
        asked = asyncio.Event()

        async def is_no_member() -> None:
            asked.set()
            consumer.ensure_group_membership = member
            raise MembershipLostError

        member, consumer.ensure_group_membership = consumer.ensure_group_membership, is_no_member
        produce(kafka.bootstrap, recovering.changelog, [(b"c1:v3", b"row")], headers=RowEpoch(0, 900).headers())
        recovering.rebalance()
        await asked.wait()
        assert (table.store.shard(0).epoch, consumer.reading) == (epoch, False)
        recovering.rebalance()
        assert await recovering.recovered(since=generation, rebalances=2)
        assert table.store.shard(0).epoch == RowEpoch(1, recovering.app.consumer_generation_id)
