"""Another VIVE service writes its records in transactions: an aborted one leads to nothing, an open one holds up nobody."""

import asyncio

from schemas.records.outcome import Status
from schemas.records.vendor_record import VendorRecord
from schemas.topics import VENDOR_RECORD
from tests.support.transactions import Transactions
from tests.support.world import World


def hold(world: World, number: int) -> VendorRecord:
    return world.record(number, version=2, payment_hold=True, hold_reason="lapsed", origin="change")


def write(world: World, transactions: Transactions, record: VendorRecord) -> None:
    value = world.codec.encode(record, topic=VENDOR_RECORD.name)
    transactions.open(VENDOR_RECORD.name, [(record.key.to_bytes(), value)])


async def test_a_hold_of_an_aborted_transaction_is_not_placed(world: World) -> None:
    world.providers([1])
    await world.load([world.integration, world.record(1)])
    transactions = await asyncio.to_thread(Transactions, world.bootstrap)
    async with world.worker():
        await world.settled(await world.press())
        await asyncio.to_thread(write, world, transactions, hold(world, 1))
        await asyncio.to_thread(transactions.abort)
        # A later change of the same vendor shows that the worker has passed the aborted record.
        await world.load([world.record(1, version=3, compliant=False, origin="change")])
        await world.vendor_says("v1", Status.UPDATED)
        assert len(await world.outcomes("v1")) == 3  # the press, and for the change what was begun and what was written
    assert not world.company.providers[1].on_hold
    assert world.writes() == ["1"]


async def test_a_run_does_not_wait_for_an_open_transaction(world: World) -> None:
    world.providers([1, 2], compliance_status="Pending")
    await world.load([world.integration, world.record(1), world.record(2)])
    transactions = await asyncio.to_thread(Transactions, world.bootstrap)
    async with world.worker():
        await world.settled(await world.press())
        await asyncio.to_thread(write, world, transactions, hold(world, 1))
        await world.settled(await world.press())
        assert not world.company.providers[1].on_hold
        await asyncio.to_thread(transactions.commit)
        await world.vendor_says("v1", Status.UPDATED, times=2)
    assert world.company.providers[1].on_hold
