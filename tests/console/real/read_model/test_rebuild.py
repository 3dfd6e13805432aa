"""The read model built live is the one that is built again from the topics."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from accounting.vantaca.sandbox import Latency
from console.read_model.projection import source
from console.read_model.projection.rebuild import Progress, rebuild
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from console.read_model.store.lease import Lease, LeaseLostError
from console.read_model.store.views import VendorState
from devkit.broker import Broker
from messaging.producer import BlockingProducer, KafkaUnavailableError, OutgoingRecord
from messaging.schema_topic import SchemaTopic
from producers.vendor_repair import VendorRepair
from producers.vendor_repair import outgoing as repaired
from schemas.records.outcome import Status
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import VendorRow
from schemas.topics import VENDOR_TABLE_CHANGELOG
from schemas.wire.codec import Codec
from tests.console.read_model.logs import dump
from tests.console.read_model.running import CODEC, all_is_projected, projecting, publish
from tests.support.eventually import eventually, eventually_async
from tests.support.free_port import free_port
from tests.support.messages import vendor_record
from tests.support.product_topics import new_client
from tests.support.slowness import patient
from tests.support.world import World, world_of


@pytest.fixture
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """An SQLite database, and a PostgreSQL one where there is a server."""
    found = [f"sqlite:///{tmp_path / 'read-model.sqlite'}"]
    try:
        found.append(request.getfixturevalue("postgres").new_database())
    except pytest.skip.Exception:
        return found
    return found


@pytest.fixture
def engines(urls: list[str]) -> Iterator[list[Engine]]:
    opened = [open_engine(url) for url in urls]
    for engine in opened:
        migrate(engine)
    yield opened
    for engine in opened:
        engine.dispose()


async def test_built_live_over_a_killed_worker_it_is_the_same_as_rebuilt(
    kafka: Broker, tmp_path: Path, urls: list[str], engines: list[Engine]
) -> None:
    async with world_of(kafka.bootstrap, tmp_path) as world:
        with ExitStack() as projectors:
            for engine in engines:
                projectors.enter_context(projecting(engine, kafka.bootstrap))
            run_id = await a_run_over_a_killed_worker(world)
            for engine in engines:
                await eventually_async(lambda engine=engine: all_is_projected(engine, kafka.bootstrap))  # type: ignore[misc]
        live = [dump(engine) for engine in engines]
        rebuilt = [rebuilt_by_command(world, urls[0]), *(rebuild_here(engine, kafka) for engine in engines[1:])]
        assert [dump(engine) for engine in engines] == live
        assert len(set(rebuilt)) == 1
        assert all(each == live[0] for each in live)
        progress = await world.settled(run_id)
    run = ReadModel(engines[0]).run(world.client_id, run_id)
    assert run is not None
    assert run.done
    assert {state.value: number for state, number in run.by_state.items()} == progress.counts().by_status
    assert run.by_state[VendorState.MISSING] == 1


async def a_run_over_a_killed_worker(world: World) -> str:
    """A run in which the first worker is killed in the middle, a vendor is missing, and one has changed meanwhile."""
    numbers = range(1, 61)
    world.providers(numbers[:-1], compliance_status="Pending")
    await world.load(
        [world.integration, *(world.record(number) for number in numbers), world.record(99, provider_id=None)]
    )
    world.sandbox.faults.put("slow", Latency(min_seconds=0.1, max_seconds=0.2))
    worker = await world.start_ready_worker("first")
    run_id = await world.press()
    before = await world.until(run_id, lambda progress: progress.counts().settled > 5)
    worker.kill()
    changed = next(vendor for vendor, outcome in before.answers.items() if outcome.status is Status.UPDATED)
    await world.load([world.record(int(changed.removeprefix("v")), version=2, compliant=False, origin="change")])
    await world.start_ready_worker("second")
    await world.settled(run_id)
    await world.vendor_says(changed, Status.UPDATED, times=2)
    return run_id


def rebuilt_by_command(world: World, url: str) -> int:
    """The number of records that ``vive-sync rebuild-read-model`` reports."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "rebuild-read-model", "--json"],
        env=world.environment({"VIVE_SYNC_READ_MODEL": url}),
        capture_output=True,
        text=True,
        timeout=patient(60),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["records"])


def rebuild_here(engine: Engine, kafka: Broker) -> int:
    """As the command does it: with the schemas that other writers have published, which other tests' records may need."""
    codec = Codec(schemas=SchemaTopic(kafka.bootstrap))
    return rebuild(engine, bootstrap=kafka.bootstrap, codec=codec).records


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_projector_that_runs_goes_on_after_a_rebuild(engine: Engine, bootstrap: str) -> None:
    client_id = new_client()
    model = ReadModel(engine)
    publish(bootstrap, [vendor_record(client_id=client_id)])
    with projecting(engine, bootstrap):
        eventually(lambda: model.vendors(client_id).total == 1)
        reports: list[Progress] = []
        built = rebuild(engine, bootstrap=bootstrap, codec=CODEC, report=reports.append)
        assert (built.done, reports[-1], reports[0].done) == (built.total, built, 0)
        assert model.vendors(client_id).total == 1
        publish(bootstrap, [vendor_record(client_id=client_id, vendor_id="v2")])
        eventually(lambda: model.vendors(client_id).total == 2)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_record_that_the_workers_keep_in_a_higher_version_than_the_topic_is_taken_once(
    engine: Engine, bootstrap: str
) -> None:
    """The topic held versions 2 and 1, in this order, and compaction has left version 1."""
    client_id = new_client()
    kept = vendor_record(client_id=client_id, version=2, legal_name="Two")
    publish(bootstrap, [vendor_record(client_id=client_id, version=1, legal_name="One")])
    publish_row(bootstrap, kept.key, VendorRow(record=kept))
    publish_row(bootstrap, VendorKey(client_id, "deleted"), VendorRow(record=kept))
    with projecting(engine, bootstrap) as projector:
        eventually(projector.caught_up)
        assert record_of(engine, client_id) == kept
        assert ReadModel(engine).vendors(client_id).total == 1
        rebuild(engine, bootstrap=bootstrap, codec=CODEC)
        assert record_of(engine, client_id) == kept
        accepted = vendor_record(client_id=client_id, version=1, legal_name="One")
        put_in_force(bootstrap, accepted)
        eventually(lambda: record_of(engine, client_id) == accepted)


def record_of(engine: Engine, client_id: str) -> VendorRecord | None:
    detail = ReadModel(engine).vendor(client_id, "v1")
    return None if detail is None else detail.record


def publish_row(bootstrap: str, key: VendorKey, row: VendorRow) -> None:
    value = CODEC.encode(row, topic=VENDOR_TABLE_CHANGELOG.name)
    record = OutgoingRecord(VENDOR_TABLE_CHANGELOG.name, key.to_bytes(), value)
    BlockingProducer(bootstrap, seconds=patient(30)).publish([record])


def put_in_force(bootstrap: str, record: VendorRecord) -> None:
    outgoing = repaired(VendorRepair(record=record, row=None), CODEC, person="Dana")
    BlockingProducer(bootstrap, seconds=patient(30)).publish([outgoing])


def test_of_two_rebuilds_the_later_one_ends_the_other(engine: Engine, bootstrap: str) -> None:
    publish(bootstrap, [vendor_record(client_id=new_client())])

    def begin_another(_: Progress) -> None:
        Lease(engine).take(by_force=True)

    with pytest.raises(LeaseLostError):
        rebuild(engine, bootstrap=bootstrap, codec=CODEC, report=begin_another)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_while_kafka_is_unavailable_nothing_is_dropped(
    engine: Engine, bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bootstrap, [vendor_record(client_id=new_client())])
    rebuild(engine, bootstrap=bootstrap, codec=CODEC)
    before = dump(engine)
    monkeypatch.setattr(source, "SECONDS", 0.5)
    with pytest.raises(KafkaUnavailableError):
        rebuild(engine, bootstrap=f"127.0.0.1:{free_port()}", codec=CODEC)
    assert dump(engine) == before
