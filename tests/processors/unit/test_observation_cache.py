import asyncio
import logging

import pytest

from accounting.errors import ProviderMissingError, UnavailableError
from accounting.port import AccountingSystem, Observed
from processors.vendor_sync.observation_cache import RUNS_KEPT, Observations
from tests.support.eventually import eventually_async
from tests.support.fake_accounting import FakeAccounting
from tests.support.messages import integration

ACME, OTHER = integration(client_id="acme"), integration(client_id="other")
NUMBERS = [str(number) for number in range(200)]


class Scene:
    """Two clients with the same provider ids, and a clock that stands still."""

    def __init__(self) -> None:
        self.system = FakeAccounting({client: dict.fromkeys(NUMBERS, f"{client} old") for client in ("acme", "other")})
        self.now = 100.0
        self.observations = Observations(monotonic=lambda: self.now)

    async def observe(
        self, provider_id: str, *, client: str = "acme", run_id: str | None = "run", not_before: float = 0.0
    ) -> tuple[Observed, int]:
        system: AccountingSystem = self.system
        return await self.observations.observe(
            system, ACME if client == "acme" else OTHER, provider_id, run_id=run_id, not_before=not_before
        )

    async def text(self, provider_id: str, *, client: str = "acme", run_id: str | None = "run") -> str:
        observed, _ = await self.observe(provider_id, client=client, run_id=run_id)
        return str(observed.provider)

    def write(self, provider_id: str, *, client: str = "acme") -> None:
        self.observations.written(client, provider_id)
        self.system.books[client][provider_id] = f"{client} new"


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_one_bulk_read_serves_all_vendors_of_a_run_at_once(scene: Scene) -> None:
    answers = await asyncio.gather(*(scene.observe(number) for number in NUMBERS))
    assert {calls for _, calls in answers} == {0}
    assert [observed.provider_id for observed, _ in answers] == NUMBERS
    assert (scene.system.bulk_reads, scene.system.single_reads) == (["acme"], [])


async def test_a_bulk_read_serves_its_own_run_and_client_alone(scene: Scene) -> None:
    assert await scene.text("1") == "acme old"
    assert await scene.text("1", client="other") == "other old"
    assert await scene.text("1", run_id="second") == "acme old"
    assert scene.system.bulk_reads == ["acme", "other", "acme"]


async def test_outside_a_run_a_provider_is_read_by_itself(scene: Scene) -> None:
    _, calls = await scene.observe("1", run_id=None)
    assert calls == 1
    assert (scene.system.bulk_reads, scene.system.single_reads) == ([], [("acme", "1")])


async def test_a_provider_that_the_bulk_read_did_not_show_is_read_by_itself(scene: Scene) -> None:
    await scene.observe("1")
    scene.system.books["acme"]["new"] = "acme new"
    assert await scene.text("new") == "acme new"
    with pytest.raises(ProviderMissingError):
        await scene.observe("nobody")
    assert scene.system.single_reads == [("acme", "new"), ("acme", "nobody")]


async def test_a_provider_that_was_written_is_read_again_and_no_other(scene: Scene) -> None:
    await scene.observe("1")
    scene.write("1")
    assert await scene.text("1") == "acme new"
    assert await scene.text("2") == "acme old"
    assert scene.system.single_reads == [("acme", "1")]


async def test_a_provider_written_during_the_bulk_read_is_read_again(scene: Scene) -> None:
    scene.system.bulk_may_end.clear()
    reading = asyncio.create_task(scene.text("1"))
    await eventually_async(lambda: scene.system.bulk_reads == ["acme"])
    scene.write("1")
    scene.system.bulk_may_end.set()
    assert await reading == "acme new"
    assert scene.system.single_reads == [("acme", "1")]


async def test_a_write_concerns_every_run_of_the_client_and_no_other_client(scene: Scene) -> None:
    for run_id, client in (("run", "acme"), ("second", "acme"), ("run", "other")):
        await scene.observe("1", run_id=run_id, client=client)
    scene.write("1")
    assert await scene.text("1") == await scene.text("1", run_id="second") == "acme new"
    assert await scene.text("1", client="other") == "other old"
    assert scene.system.single_reads == [("acme", "1")] * 2


async def test_after_a_failed_bulk_read_single_reads_serve_for_the_rest_of_the_run(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.system.bulk_fails = UnavailableError("Vantaca did not answer.")
    with caplog.at_level(logging.WARNING, logger="processors.vendor_sync.observation_cache"):
        answers = await asyncio.gather(*(scene.observe(number) for number in NUMBERS))
    assert {calls for _, calls in answers} == {1}
    assert scene.system.bulk_reads == ["acme"]
    assert sorted(scene.system.single_reads) == sorted(("acme", number) for number in NUMBERS)
    assert [record.getMessage() for record in caplog.records] == [
        "Client acme: reading all providers at once failed, so they are read one by one. Vantaca did not answer."
    ]


async def test_a_failed_bulk_read_is_one_clients_and_one_runs(scene: Scene) -> None:
    scene.system.bulk_fails = UnavailableError("Vantaca did not answer.")
    await scene.observe("1")
    scene.system.bulk_fails = None
    await scene.observe("1", client="other")
    await scene.observe("1", run_id="second")
    assert scene.system.bulk_reads == ["acme", "other", "acme"]
    assert scene.system.single_reads == [("acme", "1")]


async def test_a_bulk_read_older_than_the_ownership_of_the_partition_is_made_anew(scene: Scene) -> None:
    await scene.observe("1")
    scene.now = 200.0
    scene.system.books["acme"]["1"] = "written by a worker that died"
    observed, calls = await scene.observe("1", not_before=150.0)
    assert (observed.provider, calls) == ("written by a worker that died", 0)
    await scene.observe("2", not_before=50.0)
    await scene.observe("2", not_before=200.0)
    assert scene.system.bulk_reads == ["acme", "acme"]


async def test_a_waiting_vendor_that_is_cancelled_does_not_end_the_bulk_read_of_the_others(scene: Scene) -> None:
    scene.system.bulk_may_end.clear()
    waiting = [asyncio.create_task(scene.text(number)) for number in ("1", "2")]
    await eventually_async(lambda: scene.system.bulk_reads == ["acme"])
    waiting[0].cancel()
    scene.system.bulk_may_end.set()
    assert await waiting[1] == "acme old"
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    assert scene.system.single_reads == []


async def test_beyond_the_runs_kept_the_oldest_runs_vendors_are_read_one_by_one(scene: Scene) -> None:
    runs = [f"run-{number}" for number in range(RUNS_KEPT + 1)]
    for run_id in runs:
        await scene.observe("1", run_id=run_id)
    for number in NUMBERS[:10]:
        for run_id in runs:
            await scene.observe(number, run_id=run_id)
    assert len(scene.system.bulk_reads) == len(runs)
    assert scene.system.single_reads == [("acme", number) for number in NUMBERS[:10]]


async def test_closing_ends_reads_that_are_under_way(scene: Scene) -> None:
    scene.system.bulk_may_end.clear()
    reading = asyncio.create_task(scene.text("1"))
    await eventually_async(lambda: scene.system.bulk_reads == ["acme"])
    scene.observations.close()
    with pytest.raises(asyncio.CancelledError):
        await reading
