"""The projector on a real Kafka."""

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from console.read_model.folds.facts import facts_of
from console.read_model.projection import projector as projector_module
from console.read_model.projection.projector import Projector
from console.read_model.projection.rebuild import rebuild
from console.read_model.projection.source import Source, ends_of, layout_of
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from console.read_model.store.views import ClientView
from devkit.broker import LocalBroker
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.schema_registry import Registry
from messaging.topic_admin import admin_of, create_topics
from messaging.topic_reader import ConsumedRecord
from schemas.records.integration import Integration
from schemas.topics import INTEGRATION, SCHEMA, VENDOR_RECORD, VENDOR_SYNC_OUTCOME, Topic
from schemas.wire.codec import Codec, RegistryUnavailableError
from schemas.wire.partitioning import partition_of
from tests.console.read_model.logs import dump
from tests.console.read_model.running import CODEC, all_is_projected, end_client, projecting, publish
from tests.support.eventually import eventually
from tests.support.free_port import free_port
from tests.support.messages import integration, vendor_record
from tests.support.other_writer import newer, schema_record, written
from tests.support.postgres import Postgres
from tests.support.product_topics import ensure_topics, new_client
from tests.support.registry_server import RegistryServer
from tests.support.slowness import patient
from tests.support.topics import produce
from tests.support.transactions import Transactions


def client_of(engine: Engine, client_id: str) -> ClientView | None:
    return ReadModel(engine).client(client_id)


def vendors_of(engine: Engine, client_id: str) -> int:
    return ReadModel(engine).vendors(client_id).total


def test_records_of_the_topics_are_in_the_read_model(engine: Engine, bootstrap: str) -> None:
    client_id = new_client()
    with projecting(engine, bootstrap) as projector:
        publish(bootstrap, [integration(client_id=client_id), vendor_record(client_id=client_id)])
        eventually(lambda: vendors_of(engine, client_id) == 1 and client_of(engine, client_id) is not None)
        eventually(projector.caught_up)
        end_client(bootstrap, client_id)
        eventually(lambda: client_of(engine, client_id) is None)


def test_a_page_is_up_to_date_while_a_transaction_is_open(bootstrap: str) -> None:
    layout, record = layout_of(bootstrap), vendor_record(client_id=new_client())
    transactions = Transactions(bootstrap)
    with Source(bootstrap, layout, ends_of(bootstrap, layout)) as source:

        def reads_to_the_end() -> bool:
            read.extend(source.poll(0.1))
            return source.at_end

        read: list[ConsumedRecord] = []
        eventually(reads_to_the_end)
        value = CODEC.encode(record, topic=VENDOR_RECORD.name)
        transactions.open(VENDOR_RECORD.name, [(record.key.to_bytes(), value)])
        source.learn(ends_of(bootstrap, layout))
        assert source.at_end
        transactions.abort()
        eventually(lambda: reads_to_the_end() and source.positions == ends_of(bootstrap, layout))
    assert record.key.to_bytes() not in [each.key for each in read]
    publish(bootstrap, [record])  # other tests compare stored offsets with ends, and none is stored behind a marker


def test_a_record_that_needs_the_registry_waits_for_it() -> None:
    with RegistryServer().serving() as server:
        written = Codec(Registry(server.address)).encode(vendor_record(), topic=VENDOR_RECORD.name)
        key = vendor_record().key.to_bytes()
        partition = partition_of(key, 12)
        record = ConsumedRecord(VENDOR_RECORD.name, partition, 7, key, written)
        reader = Codec(Registry(server.address))
        server.unavailable = True
        with pytest.raises(RegistryUnavailableError):
            facts_of([record], reader, partitions=12)
        server.unavailable = False
        facts = facts_of([record], reader, partitions=12)
    assert (facts.unreadable, facts.next_offsets) == ([], {(VENDOR_RECORD.name, partition): 8})


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_record_whose_schema_comes_later_is_shown_and_is_not_missed_by_another_projector(
    engine: Engine, bootstrap: str
) -> None:
    client_id = new_client()
    schema = newer(Integration, f"field_{uuid.uuid4().hex[:8]}")
    late = written(schema, integration(client_id=client_id).model_dump() | {schema["fields"][-1]["name"]: "blue"})
    producer = BlockingProducer(bootstrap, seconds=patient(30))
    with projecting(engine, bootstrap):
        producer.publish([OutgoingRecord(INTEGRATION.name, client_id.encode(), late)])
        publish(bootstrap, [vendor_record(client_id=client_id)])
        eventually(lambda: vendors_of(engine, client_id) == 1)
        assert client_of(engine, client_id) is None
    with projecting(engine, bootstrap):
        assert client_of(engine, client_id) is None
        producer.publish([OutgoingRecord(SCHEMA.name, *schema_record(schema))])
        eventually(lambda: client_of(engine, client_id) is not None)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_one_that_stopped_goes_on_where_it_was(engine: Engine, bootstrap: str) -> None:
    client_id = new_client()
    publish(bootstrap, [vendor_record(client_id=client_id, vendor_id=f"v{number}") for number in range(20)])
    with projecting(engine, bootstrap):
        eventually(lambda: all_is_projected(engine, bootstrap))
    before = dump(engine)
    with projecting(engine, bootstrap) as again:
        eventually(again.caught_up)
        assert dump(engine) == before
        publish(bootstrap, [vendor_record(client_id=client_id, vendor_id="v20")])
        eventually(lambda: vendors_of(engine, client_id) == 21)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_of_two_the_second_takes_over_when_the_first_stops(engine: Engine, bootstrap: str) -> None:
    client_id = new_client()
    with projecting(engine, bootstrap) as first:
        eventually(first.caught_up)
        with projecting(engine, bootstrap) as second:
            publish(bootstrap, [vendor_record(client_id=client_id)])
            eventually(lambda: vendors_of(engine, client_id) == 1)
            eventually(second.caught_up)
    with projecting(engine, bootstrap):
        publish(bootstrap, [vendor_record(client_id=client_id, vendor_id="v2")])
        eventually(lambda: vendors_of(engine, client_id) == 2)
    assert all_is_projected(engine, bootstrap)


def test_it_goes_on_when_the_database_was_unavailable(postgres: Postgres, bootstrap: str) -> None:
    url, client_id = postgres.new_database(), new_client()
    name = url.rpartition("/")[2]
    engine, admin = (
        open_engine(url),
        create_engine(postgres.url("postgres").replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT"),
    )
    migrate(engine)
    with projecting(engine, bootstrap) as projector, admin.connect() as administrator:
        eventually(projector.caught_up)
        administrator.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        administrator.execute(end, {"name": name})
        publish(bootstrap, [vendor_record(client_id=client_id)])
        administrator.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        eventually(lambda: vendors_of(engine, client_id) == 1)
    engine.dispose()
    admin.dispose()


def test_another_error_ends_it(tmp_path: Path, bootstrap: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'read-model.sqlite'}")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER bug BEFORE INSERT ON vendors BEGIN SELECT RAISE(FAIL, 'a bug'); END"))
    publish(bootstrap, [vendor_record(client_id=new_client())])
    with pytest.raises(Exception, match="a bug"):
        Projector(engine, bootstrap=bootstrap, codec=CODEC).run(threading.Event())
    engine.dispose()


@pytest.fixture
def broker() -> Iterator[LocalBroker]:
    environ = {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
    with LocalBroker.start(environ=environ) as started:
        ensure_topics(started.bootstrap)
        yield started


def recreate(bootstrap: str, topic: Topic) -> None:
    admin = admin_of(bootstrap)
    admin.delete_topics([topic.name])[topic.name].result(patient(30))
    eventually(lambda: topic.name not in admin.list_topics(timeout=patient(10)).topics)
    create_topics(admin)


def test_it_goes_on_when_kafka_was_unavailable_and_keeps_vendors_whose_topic_was_created_anew_until_a_person_decides(
    tmp_path: Path, broker: LocalBroker, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'read-model.sqlite'}")
    migrate(engine)
    publish(broker.bootstrap, [integration(), *(vendor_record(vendor_id=f"v{number}") for number in range(30))])
    with projecting(engine, broker.bootstrap) as projector:
        eventually(lambda: vendors_of(engine, "acme") == 30)
        broker.stop()
        broker.restart()
        publish(broker.bootstrap, [vendor_record(vendor_id="v30")])
        eventually(lambda: vendors_of(engine, "acme") == 31)
        recreate(broker.bootstrap, VENDOR_RECORD)
        publish(broker.bootstrap, [vendor_record(vendor_id="anew")])
        eventually(lambda: vendors_of(engine, "acme") == 32, seconds=40)
        assert client_of(engine, "acme") is not None
        eventually(projector.caught_up)
    assert all_is_projected(engine, broker.bootstrap)
    assert "the topic was created anew" in caplog.text
    for _ in range(2):
        with projecting(engine, broker.bootstrap) as again:
            eventually(again.caught_up)
    assert vendors_of(engine, "acme") == 32
    rebuild(engine, bootstrap=broker.bootstrap, codec=CODEC)
    assert vendors_of(engine, "acme") == 1
    engine.dispose()


def test_history_is_built_again_when_its_topic_was_created_anew_and_vendors_stay(
    tmp_path: Path, broker: LocalBroker, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'read-model.sqlite'}")
    migrate(engine)
    publish(broker.bootstrap, [vendor_record(vendor_id="v1")])
    produce(broker.bootstrap, VENDOR_SYNC_OUTCOME.name, [(b"acme:v1", b"unreadable")])
    with projecting(engine, broker.bootstrap) as projector:
        eventually(projector.caught_up)
        recreate(broker.bootstrap, VENDOR_SYNC_OUTCOME)
        eventually(lambda: "built again from the beginning" in caplog.text, seconds=40)
        assert vendors_of(engine, "acme") == 1
        eventually(lambda: all_is_projected(engine, broker.bootstrap))
    assert vendors_of(engine, "acme") == 1
    engine.dispose()


STALL_TIMEOUT = 2.0


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[Source]:
    """Every consumer that a projector opens."""
    opened: list[Source] = []

    class Noted(Source):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(projector_module, "Source", Noted)
    return opened


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_consumer_that_stops_delivering_is_replaced(engine: Engine, bootstrap: str, sources: list[Source]) -> None:
    client_id = new_client()
    with projecting(engine, bootstrap, stall_timeout=STALL_TIMEOUT) as projector:
        eventually(projector.caught_up)
        (source,) = sources
        source._consumer.pause(source._consumer.assignment())  # noqa: SLF001 -- nothing outside can break it
        publish(bootstrap, [vendor_record(client_id=client_id)])
        eventually(lambda: vendors_of(engine, client_id) == 1)
        assert len(sources) == 2
        eventually(lambda: not projector.is_stalled())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_projector_without_a_connection_for_its_consumers_has_stalled_until_one_gets_it(
    engine: Engine, bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = [f"127.0.0.1:{free_port()}"]

    class Elsewhere(Source):
        def __init__(self, _bootstrap: str, *args: Any) -> None:
            super().__init__(where[0], *args)

    monkeypatch.setattr(projector_module, "Source", Elsewhere)
    client_id = new_client()
    publish(bootstrap, [vendor_record(client_id=client_id)])
    with projecting(engine, bootstrap, stall_timeout=STALL_TIMEOUT) as projector:
        eventually(projector.is_stalled)
        assert not projector.caught_up()
        where[0] = bootstrap
        eventually(lambda: vendors_of(engine, client_id) == 1)
        eventually(lambda: projector.caught_up() and not projector.is_stalled())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_projector_that_waits_for_kafka_does_not_stand_still(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with projecting(engine, f"127.0.0.1:{free_port()}", stall_timeout=0.1) as projector:
        eventually(lambda: "does not answer" in caplog.text)
        assert not projector.is_stalled()


def test_a_partition_that_another_client_knows_to_be_longer_is_not_at_its_end(bootstrap: str) -> None:
    layout = layout_of(bootstrap)
    with Source(bootstrap, layout, {}) as source:

        def reads_to_the_end() -> bool:
            return source.poll(0.1) == [] and source.at_end

        eventually(reads_to_the_end)
        source.learn(source.positions)
        known = [source.at_end]
        publish(bootstrap, [vendor_record(client_id=new_client())])
        source.learn(ends_of(bootstrap, layout))
        known.append(source.at_end)
        eventually(reads_to_the_end)
    assert known == [True, False]
