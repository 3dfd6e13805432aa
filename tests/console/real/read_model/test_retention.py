"""Retention: the tables drop what the topics have dropped."""

from datetime import timedelta

from sqlalchemy import Engine, func, select

from console.read_model.projection.retention import forget_before
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import writing
from console.read_model.store.tables import run_chunks, run_vendors
from console.read_model.store.views import VendorState
from schemas.records.sync_run import QueuedVendor
from schemas.topics import DEAD_LETTER, DEAD_LETTER_HANDLED, SYNC_RUN, VENDOR_RECORD, VENDOR_SYNC_OUTCOME
from tests.console.read_model.logs import Drawn, build, dump, log
from tests.support.messages import NOW, dead_letter, expanding, handled, outcome, shard, vendor_record


def whole(engine: Engine) -> ReadModel:
    """Two runs over one vendor, its outcomes, and a dead letter of it that was discarded."""
    parts: list[Drawn] = []
    for number, run_id in enumerate(("old", "new")):
        at = NOW + timedelta(days=number)
        queued = (QueuedVendor(vendor_id="v1", offset=number),)
        parts += [(b"", expanding(1, run_id=run_id, at=at)), (b"", shard(run_id=run_id, at=at, queued=queued))]
    outcomes: list[Drawn] = [(b"acme:v1", outcome(through_offset=offset)) for offset in range(2)]
    build(
        engine,
        [
            log(VENDOR_RECORD, 0, [(b"acme:v1", vendor_record())]),
            log(SYNC_RUN, 0, parts),
            log(VENDOR_SYNC_OUTCOME, 0, outcomes),
            log(DEAD_LETTER, 0, [(b"acme:v1", dead_letter())]),
            log(DEAD_LETTER_HANDLED, 0, [(b"acme:v1", handled())]),
        ],
    )
    return ReadModel(engine)


def forget(engine: Engine, **begins: int) -> None:
    topics = {
        "runs": SYNC_RUN,
        "outcomes": VENDOR_SYNC_OUTCOME,
        "dead_letters": DEAD_LETTER,
        "handled": DEAD_LETTER_HANDLED,
    }
    with writing(engine) as connection:
        forget_before(connection, {(topics[name].name, 0): begin for name, begin in begins.items()})


def test_records_that_the_topics_still_hold_stay(engine: Engine) -> None:
    whole(engine)
    before = dump(engine)
    forget(engine, runs=0, outcomes=0, dead_letters=0, handled=0)
    assert dump(engine) == before
    with writing(engine) as connection:
        forget_before(connection, {(VENDOR_SYNC_OUTCOME.name, 1): 100})
    assert dump(engine) == before


def test_a_run_goes_with_its_last_part_and_all_that_is_kept_of_it(engine: Engine) -> None:
    model = whole(engine)
    forget(engine, runs=1)
    assert [run.run_id for run in model.runs("acme").items] == ["new", "old"]
    forget(engine, runs=2)
    assert [run.run_id for run in model.runs("acme").items] == ["new"]
    with engine.connect() as connection:
        for table in (run_vendors, run_chunks):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 1


def test_outcomes_and_dead_letters_go_and_the_vendor_stays_as_it_was(engine: Engine) -> None:
    model = whole(engine)
    forget(engine, outcomes=1, dead_letters=1, handled=1)
    vendor = model.vendor("acme", "v1")
    assert vendor is not None
    assert (vendor.line.state, len(vendor.outcomes)) == (VendorState.UPDATED, 1)
    assert model.dead_letters("acme", open_only=False).total == 0
    assert dump(engine)["letters_handled"] == []
