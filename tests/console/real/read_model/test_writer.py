"""The writer of the read model: batches and transactions."""

import pytest
from sqlalchemy import Engine, text

from console.read_model.projection import writer
from console.read_model.projection.writer import Writer
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.lease import Lease
from schemas.records.sync_run import QueuedVendor
from schemas.topics import SYNC_RUN, VENDOR_RECORD
from tests.console.read_model.logs import CODEC, TOPIC_IDS, log
from tests.support.messages import expanding, shard, vendor_record


def writer_of(engine: Engine) -> Writer:
    lease = Lease(engine)
    lease.take(by_force=True)
    return Writer(engine, lease, CODEC, TOPIC_IDS, partitions=1)


def test_large_records_are_taken_in_several_transactions(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [
        shard(
            chunk=chunk,
            last=chunk == 3,
            queued=tuple(QueuedVendor(vendor_id=f"{'v' * 100}{chunk}-{number}", offset=number) for number in range(50)),
        )
        for chunk in range(4)
    ]
    records = log(SYNC_RUN, 0, [(b"run", part) for part in (expanding(1), *shards)])
    revisions = []
    for step in (1, 10**9):
        engine_writer = writer_of(engine)
        engine_writer.forget()
        monkeypatch.setattr(writer, "MAX_BYTES", step)
        engine_writer.write(records)
        run = ReadModel(engine).run("acme", "run")
        assert run is not None
        assert (run.queued, run.expanded, run.done) == (200, True, False)
        revisions.append(run.revision)
    assert revisions == sorted(set(revisions))


def test_after_many_records_postgresql_knows_how_large_its_tables_are(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = [(f"acme:v{number}".encode(), vendor_record(vendor_id=f"v{number}")) for number in range(60)]
    monkeypatch.setattr(writer, "LEARN_AFTER", 50)
    writer_of(engine).write(log(VENDOR_RECORD, 0, drawn))
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            size = text("SELECT reltuples FROM pg_class WHERE relname = 'vendors'")
            assert connection.execute(size).scalar_one() == 60
