"""The console as a process: a person presses, watches and redrives over HTTP, and Kafka has each of it once."""

import asyncio
import html
import json
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounting.vantaca.sandbox import ErrorAnswer
from devkit.broker import LocalBroker
from messaging.topic_reader import TopicReader
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED, VENDOR_RECORD
from tests.support.eventually import eventually_async
from tests.support.issuer import AUDIENCE, ISSUER, TestIssuer
from tests.support.slowness import patient
from tests.support.world import UPDATE, World, world_of

DANA = "Dana Reyes (dana@acme.example)"
ANSWER_SECONDS = patient(20)
STOP_SECONDS = patient(20)


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


class Console:
    """A console process, and Dana at it."""

    def __init__(self, world: World, process: subprocess.Popen[bytes], http: httpx.AsyncClient) -> None:
        self.world = world
        self.process = process
        self.http = http

    async def get(self, path: str) -> Any:
        answer = await self.http.get(f"/clients/{self.world.client_id}{path}")
        return answer.json() if answer.is_success else None

    async def text(self, path: str) -> str:
        """The text of a page, in one line."""
        answer = await self.http.get(path)
        assert answer.is_success, answer.text
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())

    async def post(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.post(f"/clients/{self.world.client_id}{path}", headers=headers)

    async def until(self, path: str, field: str, value: Any) -> Any:
        """The response of the path, once its field has this value."""
        deadline = time.monotonic() + patient(30)
        while (response := await self.get(path)) is None or response[field] != value:
            assert time.monotonic() < deadline, response
            await asyncio.sleep(0.05)
        return response

    async def events(self, run_id: str) -> AsyncIterator[dict[str, Any]]:
        path = f"/clients/{self.world.client_id}/sync-runs/{run_id}/progress"
        async with self.http.stream("GET", path) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def console(world: World, issuer: TestIssuer) -> AsyncIterator[Console]:
    jwks, port = world.folder / "jwks.json", world.folder / "console.port"
    jwks.write_text(json.dumps(issuer.jwks))
    settings = {
        "VIVE_SYNC_JWKS": str(jwks),
        "VIVE_SYNC_TOKEN_ISSUER": ISSUER,
        "VIVE_SYNC_TOKEN_AUDIENCE": AUDIENCE,
        "VIVE_SYNC_CONSOLE_PORT": "0",
    }
    process = world.start_process("console", "console", "--port-file", str(port), **settings)
    await eventually_async(lambda: bool(port.exists() and port.read_text()) or process.poll() is not None, seconds=60)
    assert process.poll() is None, (world.folder / "console.log").read_text()
    headers = {"Authorization": f"Bearer {issuer.token(world.client_id)}"}
    at = f"http://127.0.0.1:{port.read_text()}"
    async with httpx.AsyncClient(base_url=at, headers=headers, timeout=patient(20)) as http:
        yield Console(world, process, http)


def requested(world: World) -> list[SyncRequested]:
    """What Kafka has of this client."""
    with TopicReader(world.bootstrap, [SYNC_REQUESTED.name], seconds=patient(30)) as reader:
        ours = [record for record in reader.to_end() if record.key == world.client_id.encode()]
    return [world.codec.decode(SyncRequested, record.value) for record in ours]


async def test_a_vendor_whose_newest_record_cannot_be_used_is_on_the_pages_with_its_reason(
    world: World, issuer: TestIssuer
) -> None:
    world.providers([1, 2])
    await world.load([world.integration, world.record(1, legal_name="Bright Roofing", payment_hold=True)])
    for vendor_id in ("v1", "v2"):
        await world.say(VENDOR_RECORD.name, f"{world.client_id}:{vendor_id}".encode(), b"garbage")
    async with console(world, issuer) as at, world.worker():
        await at.until("/sync-button", "available", value=True)
        run_id = (await at.post("/sync-runs", **{"Idempotency-Key": "press"})).json()["run_id"]
        await at.until(f"/sync-runs/{run_id}", "done", value=True)
        home = f"/accounting/{world.client_id}/vantaca"
        pages = [await at.text(f"{home}{path}") for path in ("", f"/runs/{run_id}", "/vendors/v1", "/vendors/v2")]
    start, run, one, two = pages
    placed = "The record can't be read. VIVE only places payment holds for this vendor until a correct record arrives."
    nothing = "The record can't be read. VIVE does not sync this vendor until a correct record arrives."
    assert "2 vendors have data that can't be synced" in start
    for page in (start, run):
        assert placed in page
        assert nothing in page
    assert placed in one
    assert "Payment hold" in one
    assert nothing in two
    assert "VIVE has no data on this vendor." in two


async def test_a_press_its_run_a_letter_and_the_end(world: World, issuer: TestIssuer) -> None:
    world.providers([1])
    world.providers([2], compliance_status="Pending")
    await world.load([world.integration, *(world.record(number) for number in (1, 2))])
    world.sandbox.faults.put("refuses", ErrorAnswer(status=400, reason="<b>No</b>", path=UPDATE))
    async with console(world, issuer) as at, world.worker():
        await at.until("/sync-button", "available", value=True)
        first = await at.post("/sync-runs", **{"Idempotency-Key": "press-1"})
        assert first.status_code == 202
        run_id = first.json()["run_id"]
        seen = [event async for event in at.events(run_id)]
        assert seen[-1]["done"]
        assert (seen[-1]["requested_by"], seen[-1]["settled"]) == (DANA, 2)
        assert [event["revision"] for event in seen] == sorted({event["revision"] for event in seen})
        assert (await at.get(f"/sync-runs/{run_id}"))["by_state"] == seen[-1]["by_state"]

        again = await at.post("/sync-runs", **{"Idempotency-Key": "press-1"})
        assert again.json() == first.json()
        assert [one.run_id for one in await asyncio.to_thread(requested, world)] == [run_id]

        letters = await at.until("/dead-letters", "total", 1)
        (letter,) = letters["items"]
        assert (letter["code"], letter["vendor_id"]) == ("rejected", "v2")
        world.sandbox.faults.remove("refuses")
        redriven = await at.post(f"/dead-letters/{letter['letter_id']}/redrive")
        assert (redriven.status_code, redriven.json()["by"]) == (202, DANA)
        twice = await at.post(f"/dead-letters/{letter['letter_id']}/redrive")
        assert twice.status_code == 409
        assert f"It was redriven by {DANA}" in twice.json()["detail"]
        assert "--again" not in twice.json()["detail"]
        await at.until("/dead-letters", "total", 0)
        handled = await at.until("/dead-letters?all=true", "total", 1)
        assert handled["items"][0]["handled_by"] == DANA
        await at.until("/vendors?state=updated", "total", 1)
    assert world.company.providers[2].compliance_status == "Approved"


async def test_it_ends_in_time_though_a_stream_is_open_and_its_log_holds_no_secret(
    world: World, issuer: TestIssuer
) -> None:
    await world.load([world.integration, world.record(1)])
    async with console(world, issuer) as at:
        await at.until("/sync-button", "available", value=True)
        assert (await at.get("/vendors?q=looked-for"))["total"] == 0
        pressed = (await at.post("/sync-runs")).json()
        deadline = time.monotonic() + patient(20)
        while not (health := (await at.http.get("/health")).json())["caught_up"]:
            assert time.monotonic() < deadline, health
        assert health == {"well": True, "database": True, "projector": True, "caught_up": True}
        # No worker runs: the stream waits for the run.
        async with at.http.stream("GET", pressed["links"]["progress"]) as open_stream:
            assert open_stream.status_code == 200
            began = time.monotonic()
            at.process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(at.process.wait, STOP_SECONDS)
            assert (code, time.monotonic() - began < STOP_SECONDS) == (0, True), _log(world).decode()
            assert "data" not in (await open_stream.aread()).decode()
    assert b"/vendors 200" in _log(world)
    for secret in (b"looked-for", at.http.headers["Authorization"].split()[1].encode()):
        assert secret not in _log(world)


async def test_without_kafka_a_press_is_refused_in_time_and_nothing_is_queued(
    broker: LocalBroker, tmp_path: Path, issuer: TestIssuer
) -> None:
    async with world_of(broker.bootstrap, tmp_path) as world:
        await world.load([world.integration, world.record(1)])
        async with console(world, issuer) as at:
            await at.until("/sync-button", "available", value=True)
            before = (await at.post("/sync-runs")).json()["run_id"]
            await asyncio.to_thread(broker.stop)
            began = time.monotonic()
            away = await at.post("/sync-runs", **{"Idempotency-Key": "press-1"})
            assert time.monotonic() - began < ANSWER_SECONDS
            assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
            assert away.headers["retry-after"] == "5"
            assert "try again when it is back" in away.json()["detail"]
            assert (await at.get("/vendors"))["total"] == 1
            await asyncio.to_thread(broker.restart)
            assert [one.run_id for one in await asyncio.to_thread(requested, world)] == [before]
            pressed = [(await at.post("/sync-runs", **{"Idempotency-Key": "press-1"})).json() for _ in range(2)]
            assert pressed[0] == pressed[1]
            _, only = await asyncio.to_thread(requested, world)
            assert only.run_id == pressed[0]["run_id"]


def _log(world: World) -> bytes:
    return (world.folder / "console.log").read_bytes()
