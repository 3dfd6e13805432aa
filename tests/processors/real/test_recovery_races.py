"""A recovery ends whatever else is under way when partitions move. Each race is held until it falls the wrong way."""
# ruff: noqa: SLF001 -- the steps that race are private to Faust and aiokafka

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import Transport as StockTransport

from devkit.broker import Broker
from processors.transport.strict_transport import StrictTransport
from tests.processors.real.test_strict_transport import TransportClass
from tests.processors.recovering import RECOVERED_SECONDS, Recovering
from tests.support.eventually import within
from tests.support.slowness import patient

FETCH_SECONDS = patient(RECOVERED_SECONDS) + 2.0
"""How long the fetch under way lasts, instead of one second: a recovery that waits for it has not ended in time."""

Race = Callable[[Recovering], None]


def a_fetch_is_under_way(recovering: Recovering) -> None:
    """The next fetch is under way while the group rebalances, and gets its records just after recovery's seek."""
    thread, consumer = recovering.thread, recovering.aiokafka
    sought, returned = asyncio.Event(), asyncio.Event()
    first = True
    fetch, seek, update_positions = thread._fetch_records, thread._seek_wait, consumer._fetcher._update_fetch_positions

    async def long_fetch(*args: Any, timeout: float, **kwargs: Any) -> Any:  # noqa: ASYNC109 -- Faust's signature
        nonlocal first
        if not first:
            return await fetch(*args, timeout=timeout, **kwargs)
        first = False
        consumer._coordinator.request_rejoin()
        try:
            return await fetch(*args, timeout=FETCH_SECONDS, **kwargs)
        finally:
            returned.set()

    async def update_positions_after_seek(*args: Any) -> Any:
        await sought.wait()
        return await update_positions(*args)

    async def seek_and_wait_for_fetch(*args: Any) -> None:
        await seek(*args)
        if not first and not sought.is_set():
            sought.set()
            await asyncio.wait_for(returned.wait(), FETCH_SECONDS)

    thread._fetch_records = long_fetch
    thread._seek_wait = seek_and_wait_for_fetch
    consumer._fetcher._update_fetch_positions = update_positions_after_seek


class Overtaking:
    """A second rebalance begins while the recovery after the first one seeks; that recovery then resumes the flow."""

    def __init__(self, recovering: Recovering) -> None:
        self.changelog, self.consumer, self.main = recovering.changelog, recovering.aiokafka, recovering.consumer
        self.thread_loop, self.main_loop = recovering.thread.thread_loop, recovering.app.loop
        self.revoked, self.sought, self.returned = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.resumed, self.fetching = asyncio.Event(), asyncio.Event()
        self.seeks = self.revocations = 0
        self.held = False
        thread, fetcher, main = recovering.thread, self.consumer._fetcher, self.main
        self.fetch, thread._fetch_records = thread._fetch_records, self.long_fetch
        self.seek, thread._seek_wait = thread._seek_wait, self.seek_and_be_overtaken
        self.update, fetcher._update_fetch_positions = fetcher._update_fetch_positions, self.update_after_seek
        self.revoke, main.on_partitions_revoked = main.on_partitions_revoked, self.revoke_and_notify
        self.assign, main.on_partitions_assigned = main.on_partitions_assigned, self.assign_once_resumed
        self.resume, main.resume_flow = main.resume_flow, self.resume_and_notify

    async def seek_and_be_overtaken(self, consumer: Any, partitions: Any) -> None:
        await self.seek(consumer, partitions)
        if not any(tp.topic == self.changelog for tp in partitions):
            return
        self.seeks += 1
        if self.seeks == 1:
            self.consumer._coordinator.request_rejoin()
            await asyncio.wait_for(self.revoked.wait(), FETCH_SECONDS)
        elif self.seeks == 2:
            self.sought.set()
            if self.held:
                await asyncio.wait_for(self.returned.wait(), FETCH_SECONDS)

    async def revoke_and_notify(self, *args: Any) -> None:
        await self.revoke(*args)
        self.revocations += 1
        if self.revocations == 2:
            self.thread_loop.call_soon_threadsafe(self.revoked.set)

    def resume_and_notify(self) -> None:
        self.resume()
        if self.revocations == 2:
            self.resumed.set()

    async def assign_once_resumed(self, *args: Any) -> None:
        if self.revocations == 2:
            await within(self.resumed.is_set, seconds=2.0)
            await within(self.fetching.is_set, seconds=1.0)
        await self.assign(*args)

    async def long_fetch(self, *args: Any, timeout: float, **kwargs: Any) -> Any:  # noqa: ASYNC109 -- Faust's signature
        if self.revocations != 2 or self.held or not self.main.flow_active or self.sought.is_set():
            return await self.fetch(*args, timeout=timeout, **kwargs)
        self.held = True
        self.main_loop.call_soon_threadsafe(self.fetching.set)
        try:
            return await self.fetch(*args, timeout=FETCH_SECONDS, **kwargs)
        finally:
            self.returned.set()

    async def update_after_seek(self, *args: Any) -> Any:
        if self.held:
            await self.sought.wait()
        return await self.update(*args)


def the_next_rebalance_overtakes_the_recovery(recovering: Recovering) -> None:
    """See ``Overtaking``."""
    Overtaking(recovering)
    recovering.rebalance()


RACES: dict[Race, int] = {a_fetch_is_under_way: 1, the_next_rebalance_overtakes_the_recovery: 2}
"""Each race and how many rebalances it takes."""


async def recovers(race: Race, kafka: Broker, transport: TransportClass, folder: Path) -> bool:
    recovering = Recovering(kafka, folder, transport)
    async with recovering.running():
        generation = recovering.app.consumer_generation_id
        race(recovering)
        return await recovering.recovered(since=generation, rebalances=RACES[race])


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
async def test_a_recovery_ends(race: Race, kafka: Broker, tmp_path: Path) -> None:
    assert await recovers(race, kafka, StrictTransport, tmp_path)


async def test_the_stock_driver_loses_the_changelog_to_a_fetch_under_way(kafka: Broker, tmp_path: Path) -> None:
    assert not await recovers(a_fetch_is_under_way, kafka, StockTransport, tmp_path)
