"""A read model that was not updated for longer than Kafka keeps tombstones does not keep what was deleted."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, update

from console.read_model.folds.facts import Facts, VendorFact
from console.read_model.projection.source import layout_of
from console.read_model.projection.writer import Writer
from console.read_model.queries.read_model import ReadModel
from console.read_model.store import tables
from console.read_model.store.engine import writing
from console.read_model.store.lease import Lease, now_ms
from messaging.missed_deletions import OLDEST_POSITION
from schemas.integration_copies import IntegrationCopy
from schemas.topics import DEFAULT_PARTITIONS, VENDOR_RECORD
from schemas.wire.partitioning import partition_of
from tests.console.read_model.running import CODEC, projecting, publish
from tests.support.eventually import eventually
from tests.support.messages import integration, vendor_record
from tests.support.product_topics import new_client


def vendors_of(engine: Engine, client_id: str) -> list[str]:
    return sorted(vendor.vendor_id for vendor in ReadModel(engine).vendors(client_id, limit=200).items)


def project_all(engine: Engine, bootstrap: str) -> None:
    """Everything that the topics hold is in the read model."""
    with projecting(engine, bootstrap) as projector:
        eventually(projector.caught_up)


def keep_deleted(engine: Engine, bootstrap: str, client_id: str, vendor_ids: Iterable[str]) -> None:
    """The state of a read model that read a client and vendors, and missed the tombstones that Kafka has removed since."""
    lease = Lease(engine)
    assert lease.take()
    content = integration(client_id=client_id)
    number = partition_of(client_id.encode(), DEFAULT_PARTITIONS)
    copy = IntegrationCopy(client_id=client_id, partition=number, own=True, written_at=1, content=content)
    Writer(engine, lease, CODEC, layout_of(bootstrap).ids, partitions=DEFAULT_PARTITIONS).project(
        Facts(
            integrations=[copy],
            records=[
                VendorFact(record.key, record)
                for record in (vendor_record(client_id=client_id, vendor_id=vendor_id) for vendor_id in vendor_ids)
            ],
        )
    )
    lease.give_back()


def grow_old(engine: Engine, age: timedelta = OLDEST_POSITION) -> None:
    with writing(engine) as connection:
        long_ago = now_ms() - int(age.total_seconds() * 1000)
        connection.execute(update(tables.projection).values(complete_at=long_ago, caught_up_at=long_ago))


def partition_mates(client_id: str, count: int) -> list[str]:
    """Ids of vendors whose records belong to partition 0."""
    numbered = (f"v{number:05}" for number in range(100_000))
    ids = (name for name in numbered if partition_of(f"{client_id}:{name}".encode(), DEFAULT_PARTITIONS) == 0)
    return [next(ids) for _ in range(count)]


def test_after_a_month_what_is_gone_from_the_topics_is_gone_from_the_read_model(engine: Engine, bootstrap: str) -> None:
    deleted, kept = new_client(), new_client()
    publish(bootstrap, [integration(client_id=kept), vendor_record(client_id=kept, vendor_id="v1")])
    project_all(engine, bootstrap)
    keep_deleted(engine, bootstrap, deleted, ["v1", "v2"])
    grow_old(engine)
    project_all(engine, bootstrap)
    assert (vendors_of(engine, deleted), vendors_of(engine, kept)) == ([], ["v1"])
    assert ReadModel(engine).client(deleted) is None
    assert ReadModel(engine).client(kept) is not None
    with engine.connect() as connection:
        states, vendors = tables.client_states, tables.vendors
        assert connection.execute(select(states).where(states.c.client_id == deleted)).all() == []
        assert len(connection.execute(select(vendors).where(vendors.c.client_id == deleted)).all()) == 2
    assert Lease(engine).complete_at() > now_ms() - 600_000


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_read_model_that_is_young_enough_is_not_read_again(
    engine: Engine, bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    client_id = new_client()
    project_all(engine, bootstrap)
    keep_deleted(engine, bootstrap, client_id, ["v1"])
    grow_old(engine, OLDEST_POSITION - timedelta(hours=1))
    project_all(engine, bootstrap)
    assert vendors_of(engine, client_id) == ["v1"]
    assert "read from its beginning" not in caplog.text


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_rows_without_a_position_are_compared_with_the_topic(engine: Engine, bootstrap: str) -> None:
    client_id = new_client()
    publish(bootstrap, [vendor_record(client_id=client_id, vendor_id="kept")])
    project_all(engine, bootstrap)
    keep_deleted(engine, bootstrap, client_id, ["gone"])
    with writing(engine) as connection:
        connection.execute(delete(tables.offsets).where(tables.offsets.c.topic == VENDOR_RECORD.name))
    project_all(engine, bootstrap)
    assert vendors_of(engine, client_id) == ["kept"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_many_rows_of_a_partition_are_kept_until_a_person_decides(
    engine: Engine, bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    client_id = new_client()
    vendor_ids = partition_mates(client_id, 40)
    project_all(engine, bootstrap)
    with engine.connect() as connection:
        rows = len(connection.execute(select(tables.vendors.c.vendor_id).where(tables.vendors.c.version >= 0)).all())
    assert rows / DEFAULT_PARTITIONS < 400, "40 vendors must be more than a twentieth of a partition's"
    keep_deleted(engine, bootstrap, client_id, vendor_ids)
    grow_old(engine)
    project_all(engine, bootstrap)
    assert vendors_of(engine, client_id) == vendor_ids
    assert "40 of " in caplog.text
    assert "vive-sync rebuild-read-model" in caplog.text


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_first_build_that_was_interrupted_goes_on_where_it_was(
    engine: Engine, bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    publish(bootstrap, [vendor_record(client_id=new_client())])
    project_all(engine, bootstrap)
    with writing(engine) as connection:
        connection.execute(update(tables.projection).values(caught_up_at=0))
    project_all(engine, bootstrap)
    assert "read from its beginning" not in caplog.text
