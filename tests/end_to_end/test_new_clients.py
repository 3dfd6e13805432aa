"""The first records of a client whose integration is on its topic and not read by the worker yet."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from messaging.topic_reader import TopicReader
from processors.transport.new_client import groupless_consumer
from processors.whole_topics import whole_topic
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.topics import VENDOR_TABLE_CHANGELOG
from tests.support.slowness import patient
from tests.support.world import ANSWER_SECONDS, World


class HeldBackReader:
    """Stops the worker's reading of the integrations between two fetches."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._held = asyncio.Event()

    @asynccontextmanager
    async def held_back(self) -> AsyncIterator[None]:
        self._free.clear()
        await self._held.wait()
        try:
            yield
        finally:
            self._free.set()

    async def passed(self) -> None:
        if not self._free.is_set():
            self._held.set()
            await self._free.wait()


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> HeldBackReader:
    made = HeldBackReader()

    def consumer(bootstrap: str, **settings: Any) -> AIOKafkaConsumer:
        real = groupless_consumer(bootstrap, **settings)
        fetch = real.getmany

        async def getmany(**arguments: Any) -> Any:
            await made.passed()
            return await fetch(**arguments)

        monkeypatch.setattr(real, "getmany", getmany)
        return real

    monkeypatch.setattr(whole_topic, "groupless_consumer", consumer)
    return made


async def rows_are_kept(world: World, *vendor_ids: str) -> None:
    missing = {VendorKey(world.client_id, vendor_id).to_bytes() for vendor_id in vendor_ids}

    def look() -> set[bytes | None]:
        with TopicReader(world.bootstrap, [VENDOR_TABLE_CHANGELOG.name], seconds=patient(ANSWER_SECONDS)) as rows:
            return {row.key for row in rows.to_end()}

    async with asyncio.timeout(patient(ANSWER_SECONDS)):
        while missing - await asyncio.to_thread(look):
            pass


def hold(world: World, number: int) -> VendorRecord:
    return world.record(number, payment_hold=True, hold_reason="lapsed", origin="change")


async def test_a_hold_of_a_new_client_is_placed_though_its_record_is_read_before_the_integration(
    world: World, reader: HeldBackReader
) -> None:
    world.providers([1, 2])
    async with world.worker():
        async with reader.held_back():
            await world.load([world.integration, hold(world, 1), hold(world, 2)])
            await rows_are_kept(world, "v1", "v2")
        for vendor_id in ("v1", "v2"):
            await world.vendor_says(vendor_id, Status.UPDATED)
    assert [world.company.providers[number].on_hold_reason for number in (1, 2)] == ["[VIVE] lapsed"] * 2


async def test_a_change_that_waits_for_the_integrations_holds_up_no_stop_and_is_judged_by_the_next_worker(
    world: World, reader: HeldBackReader
) -> None:
    world.providers([1])
    async with AsyncExitStack() as held, world.worker():
        await held.enter_async_context(reader.held_back())
        await world.load([world.integration, hold(world, 1)])
        await rows_are_kept(world, "v1")
        stopped = time.monotonic()
    assert time.monotonic() - stopped < patient(10)
    async with world.worker():
        await world.vendor_says("v1", Status.UPDATED)
    assert world.company.providers[1].on_hold_reason == "[VIVE] lapsed"
