"""Sync requests over a real Kafka: one run for each idempotency key."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.auth.principal import Principal
from console.commands.sync_requests import SyncRequestService
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from console.read_model.store.idempotency import Idempotency
from messaging.producer import BlockingProducer, KafkaUnavailableError
from messaging.topic_reader import TopicReader
from producers.button import CLIENT_ADMIN, SyncRefusedError
from schemas.records.sync_run import SyncRequested
from schemas.topics import SYNC_REQUESTED
from schemas.wire.codec import Codec
from tests.support.free_port import free_port
from tests.support.projected import Projected, integration
from tests.support.slowness import patient


@pytest.fixture
def client_id() -> str:
    return f"client-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine(tmp_path: Path, client_id: str) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'read-model.sqlite'}")
    migrate(engine)
    Projected(engine).take(integration(client_id))
    yield engine
    engine.dispose()


def service_of(bootstrap: str, engine: Engine) -> SyncRequestService:
    return SyncRequestService(bootstrap, Codec(), ReadModel(engine), Idempotency(engine))


def person(client_id: str, name: str = "dana", *, roles: frozenset[str] = frozenset({CLIENT_ADMIN})) -> Principal:
    return Principal(person=name, client_id=client_id, roles=roles)


def requested(bootstrap: str, client_id: str) -> list[SyncRequested]:
    with TopicReader(bootstrap, [SYNC_REQUESTED.name], seconds=patient(30)) as reader:
        every = [Codec().decode(SyncRequested, record.value) for record in reader.to_end()]
    return [one for one in every if one.client_id == client_id]


def test_the_same_key_is_the_same_press_at_once_later_and_after_a_restart(
    bootstrap: str, engine: Engine, client_id: str
) -> None:
    first, dana = service_of(bootstrap, engine), person(client_id)
    with ThreadPoolExecutor(8) as threads:
        at_once = list(threads.map(lambda _: first.request_sync(dana, client_id, key="k").run_id, range(8)))
    later = service_of(bootstrap, engine).request_sync(dana, client_id, key="k").run_id
    assert {*at_once, later} == {at_once[0]}
    (only,) = requested(bootstrap, client_id)
    assert (only.run_id, only.requested_by) == (later, "dana")


def test_other_keys_other_people_and_no_key_are_other_presses(bootstrap: str, engine: Engine, client_id: str) -> None:
    service = service_of(bootstrap, engine)
    requests = [("dana", "k"), ("eve", "k"), ("dana", "l"), ("dana", None), ("dana", None)]
    runs = [service.request_sync(person(client_id, name), client_id, key=key).run_id for name, key in requests]
    assert len(set(runs)) == len(requests)
    assert [one.run_id for one in requested(bootstrap, client_id)] == runs


def test_a_key_that_kafka_did_not_confirm_is_published_again_with_the_same_run(
    bootstrap: str, engine: Engine, client_id: str
) -> None:
    dana = person(client_id)
    with pytest.raises(KafkaUnavailableError):
        service_of(f"127.0.0.1:{free_port()}", engine).request_sync(dana, client_id, key="k")
    service = service_of(bootstrap, engine)
    run_id = service.request_sync(dana, client_id, key="k").run_id
    assert service.request_sync(dana, client_id, key="k").run_id == run_id
    assert [one.run_id for one in requested(bootstrap, client_id)] == [run_id]


def test_the_role_and_the_integration_are_checked_here_too(bootstrap: str, engine: Engine, client_id: str) -> None:
    service = service_of(bootstrap, engine)
    with pytest.raises(SyncRefusedError, match="not a Client Admin"):
        service.request_sync(person(client_id, roles=frozenset({"viewer"})), client_id)
    with pytest.raises(SyncRefusedError, match="no accounting integration"):
        service.request_sync(person("unknown"), "unknown", key="k")
    assert requested(bootstrap, client_id) == []


def test_of_kept_producers_that_have_lost_their_connections_one_request_fails_and_no_more(
    bootstrap: str, engine: Engine, client_id: str
) -> None:
    service, dana = service_of(bootstrap, engine), person(client_id)
    nobody = f"127.0.0.1:{free_port()}"
    service._idle = [BlockingProducer(nobody, seconds=1.0) for _ in range(3)]  # noqa: SLF001 -- nothing outside can break them
    with pytest.raises(KafkaUnavailableError):
        service.request_sync(dana, client_id, key="k")
    run_id = service.request_sync(dana, client_id, key="k").run_id
    assert [one.run_id for one in requested(bootstrap, client_id)] == [run_id]
