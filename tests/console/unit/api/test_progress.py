"""The progress of a run as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from uuid_utils import uuid7

from console.api.progress_hub import BEGIN, KEEP_ALIVE, ProgressHub
from schemas.records.outcome import Status
from tests.console.api_world import ACME, RUN, World
from tests.support.eventually import eventually_async
from tests.support.projected import outcome, run_of
from tests.support.serving import serving
from tests.support.slowness import patient

LIVE = "live-run"
OTHER = "another-life"
"""Its topic's id: so no outcome of the other run answers it."""


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    async with serving(world.app) as at:
        yield at


@asynccontextmanager
async def stream(world: World, address: str, path: str, **headers: str) -> AsyncIterator["Events"]:
    async with (
        httpx.AsyncClient(base_url=address, headers={**world.bearer(), **headers}, timeout=patient(20)) as client,
        client.stream("GET", path) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield Events(answer)


class Events:
    """Events as they come: each the fields by name, comments under the empty one."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> dict[str, Any]:
        event: dict[str, Any] = {}
        async for line in self._lines:
            if not line and event:
                return event
            if line:
                name, _, value = line.partition(": ")
                event[name] = json.loads(value) if name == "data" else value
        raise StopAsyncIteration

    async def data(self) -> dict[str, Any]:
        """The next event with data."""
        async for event in self:
            if "data" in event:
                return event
        raise AssertionError("the stream has ended")


async def test_the_newest_at_once_then_every_change_until_it_is_done(world: World, address: str) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1", "x-2"], topic_id=OTHER))
    async with stream(world, address, f"/clients/{ACME}/sync-runs/{LIVE}/progress") as events:
        first = await events.data()
        assert first["event"] == "progress"
        assert first["id"] == str(first["data"]["revision"])
        assert (first["data"]["total"], first["data"]["settled"], first["data"]["done"]) == (2, 0, False)
        world.projected.take(outcome(ACME, "x-1", Status.UPDATED, 0, topic_id=OTHER))
        assert (await events.data())["data"]["by_state"]["updated"] == 1
        world.projected.take(outcome(ACME, "x-2", Status.FAILED, 1, topic_id=OTHER))
        last = await events.data()
        assert (last["data"]["done"], last["data"]["settled"]) == (True, 2)
        assert [event async for event in events] == []


async def test_after_a_cut_no_event_comes_twice(world: World, address: str) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    path = f"/clients/{ACME}/sync-runs/{LIVE}/progress"
    async with stream(world, address, path) as events:
        seen = (await events.data())["id"]
    async with stream(world, address, path, **{"Last-Event-ID": seen}) as events:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.8):
                await events.data()
    world.projected.take(outcome(ACME, "x-1", Status.UPDATED, 0, topic_id=OTHER))
    async with stream(world, address, path, **{"Last-Event-ID": seen}) as events:
        last = await events.data()
        assert last["data"]["done"]
    async with httpx.AsyncClient(base_url=address, headers=world.bearer(), timeout=patient(20)) as client:
        # A browser does not come back after this.
        assert (await client.get(path, headers={"Last-Event-ID": last["id"]})).status_code == 204


@pytest.mark.parametrize("last_event_id", ["", "nonsense", "-5", "1e3", "9" * 60])
async def test_a_last_event_id_that_is_none_is_passed_over(world: World, address: str, last_event_id: str) -> None:
    path = f"/clients/{ACME}/sync-runs/{RUN}/progress"
    async with stream(world, address, path, **{"Last-Event-ID": last_event_id}) as events:
        assert (await events.data())["data"]["done"]
        assert [event async for event in events] == []


async def test_a_run_that_no_worker_has_taken_up_yet_is_waited_for(world: World, address: str) -> None:
    run_id = str(uuid7())
    path = f"/clients/{ACME}/sync-runs/{run_id}/progress"
    async with stream(world, address, path) as events:
        world.projected.take(*run_of(ACME, run_id, []))
        assert (await events.data())["data"]["done"]


async def test_a_run_that_is_unknown_is_not(world: World, address: str) -> None:
    async with httpx.AsyncClient(base_url=address, headers=world.bearer(), timeout=patient(20)) as client:
        for run_id in ("unknown", "globex-run", "01800000-0000-7000-8000-000000000000"):
            answer = await client.get(f"/clients/{ACME}/sync-runs/{run_id}/progress")
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_stream_ends_with_its_token(world: World, address: str) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    token = world.bearer(ACME, exp=int(time.time() + patient(3)))
    path = f"/clients/{ACME}/sync-runs/{LIVE}/progress"
    async with asyncio.timeout(patient(20)), stream(world, address, path, **token) as events:
        assert "data" in (await events.data())
        assert not [event async for event in events if "data" in event]


async def test_at_most_four_a_second_and_the_last_always(world: World, address: str) -> None:
    vendors = [f"x-{number}" for number in range(200)]
    world.projected.take(*run_of(ACME, LIVE, vendors, topic_id=OTHER))
    async with stream(world, address, f"/clients/{ACME}/sync-runs/{LIVE}/progress") as events:
        await events.data()
        began, events_seen = time.monotonic(), 0

        def work() -> None:
            for offset, vendor_id in enumerate(vendors):
                world.projected.take(outcome(ACME, vendor_id, Status.UPDATED, offset, topic_id=OTHER))

        working = asyncio.create_task(asyncio.to_thread(work))
        while not (last := await events.data())["data"]["done"]:
            events_seen += 1
        await working
        assert events_seen <= 4 * (time.monotonic() - began) + 2
        assert last["data"]["settled"] == 200


async def test_many_streams_of_a_run_are_one_poller_and_it_goes_with_them(world: World, address: str) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    hub: ProgressHub = world.app.state.progress
    path = f"/clients/{ACME}/sync-runs/{LIVE}/progress"
    async with asyncio.TaskGroup() as group:

        async def follow() -> None:
            async with stream(world, address, path) as events:
                while not (await events.data())["data"]["done"]:
                    pass

        following = [group.create_task(follow()) for _ in range(30)]
        await eventually_async(lambda: hub.streams == 30)
        assert hub.watched == 1
        world.projected.take(outcome(ACME, "x-1", Status.UPDATED, 0, topic_id=OTHER))
    assert all(task.done() for task in following)
    await eventually_async(lambda: hub.watched == 0)


async def test_a_stream_that_is_left_is_forgotten(world: World, address: str) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    hub: ProgressHub = world.app.state.progress
    async with stream(world, address, f"/clients/{ACME}/sync-runs/{LIVE}/progress") as events:
        await events.data()
        assert hub.watched == 1
    await eventually_async(lambda: hub.watched == 0)


async def test_the_server_ends_though_streams_are_open(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    async with serving(world.app) as address:
        reading = stream(world, address, f"/clients/{ACME}/sync-runs/{LIVE}/progress")
        events = await reading.__aenter__()
        await events.data()
    assert "graceful shutdown exceeded" not in caplog.text
    assert [event async for event in events] == []
    await reading.__aexit__(None, None, None)


async def test_comments_keep_a_quiet_stream_alive(world: World) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    hub = ProgressHub(world.actions.read_model, keep_alive=0.1)
    parts = []
    async for part in hub.stream(ACME, LIVE, seen=-1, seconds=patient(20)):
        parts.append(part)
        if parts.count(KEEP_ALIVE) > 1 and any(b"event: progress" in each for each in parts):
            break
    hub.close()
    assert parts[0] == BEGIN
    assert len([part for part in parts[1:] if part != KEEP_ALIVE]) == 1


async def test_an_unavailable_database_is_queried_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.projected.take(*run_of(ACME, LIVE, ["x-1"], topic_id=OTHER))
    hub = ProgressHub(world.actions.read_model)
    events = hub.stream(ACME, LIVE, seen=-1, seconds=patient(20))
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
    assert await anext(events) == BEGIN
    events_seen = asyncio.ensure_future(anext(events))
    await eventually_async(lambda: "is tried again" in caplog.text)
    assert not events_seen.done()
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO runs")
    assert b"event: progress" in await events_seen
    await events.aclose()
    hub.close()


async def test_a_bug_ends_the_streams_and_is_logged(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError

    hub = ProgressHub(world.actions.read_model)
    monkeypatch.setattr(world.actions.read_model, "run", bug)
    assert [part async for part in hub.stream(ACME, LIVE, seen=-1, seconds=patient(20))] == [BEGIN]
    assert "can't be followed" in caplog.text
    hub.close()
