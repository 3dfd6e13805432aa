"""The tables depend only on the contents of the topics, not on the order in which they are read."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from console.read_model.folds.facts import ROW_TOPICS
from console.read_model.projection.history import forget_history
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import writing
from console.read_model.store.views import VendorState
from console.topic_queries.run_progress import RunProgress
from console.topic_queries.runs import fold
from schemas.topics import SYNC_RUN, VENDOR_SYNC_OUTCOME
from tests.console.read_model.logs import CODEC, Log, add, build, dump, interleavings, topics

IN_RUNS = {SYNC_RUN.name, VENDOR_SYNC_OUTCOME.name}
RUNS = ("run", "again")
OPEN = {VendorState.QUEUED, VendorState.WRITING}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=topics(), data=st.data())
def test_any_interleaving_of_the_topics_gives_the_same_tables_and_the_counts_of_the_command_line(
    engine: Engine, logs: list[Log], data: st.DataObject
) -> None:
    build(engine, logs)
    one_after_the_other = dump(engine)
    batches = data.draw(interleavings(logs))
    begun = batches[: len(batches) // 2]
    build(engine, begun)
    runs_are_counted(engine, begun)
    lists_are_counted(engine)
    build(engine, batches)
    assert dump(engine) == one_after_the_other
    runs_are_counted(engine, batches)
    lists_are_counted(engine)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=topics())
def test_history_that_is_built_again_is_the_same(engine: Engine, logs: list[Log]) -> None:
    build(engine, logs)
    before = dump(engine)
    with writing(engine) as connection:
        forget_history(connection)
    lists_are_counted(engine)
    add(engine, [log for log in logs if log and log[0].topic not in ROW_TOPICS])
    assert dump(engine) == before


def runs_are_counted(engine: Engine, seen: Sequence[Log]) -> None:
    """Every run's counts are those of the command line's fold of the same records."""
    for run_id in RUNS:
        view, progress = ReadModel(engine).run("acme", run_id), progress_of(run_id, seen)
        if view is None:
            assert progress.client_id is None
            continue
        counts = progress.counts()
        by_status: Counter[str] = Counter()
        for state, number in view.by_state.items():
            by_status["unchanged" if state is VendorState.LEFT_ALONE else state.value] += number
        in_progress = sum(by_status.pop(state.value, 0) for state in OPEN)
        assert (view.queued, view.already_in_progress) == (counts.queued, counts.already_in_progress)
        assert (view.unlinked, view.unknown) == (counts.unlinked, counts.unknown)
        assert {status.value: number for status, number in counts.by_status.items()} == by_status
        assert (view.total, view.settled, in_progress) == (counts.total, counts.settled, counts.in_progress)
        assert (view.expanded, view.done) == (progress.expanded, progress.done)
        assert (view.ended_at is not None) == view.done


def progress_of(run_id: str, logs: Sequence[Log]) -> RunProgress:
    progress = RunProgress(run_id)
    for record in (record for log in logs for record in log if record.topic in IN_RUNS):
        fold(progress, record, CODEC)
    return progress


def lists_are_counted(engine: Engine) -> None:
    """Every counter is the length of what it counts."""
    model, tables = ReadModel(engine), dump(engine)
    listed = Counter((row["client_id"], row["state"]) for row in tables["vendors"] if row["state"] is not None)
    counted: Counter[tuple[str, str]] = Counter()
    for row in tables["client_states"]:
        assert row["vendors"] > 0
        counted[row["client_id"], row["state"]] += row["vendors"]
    assert counted == listed
    for run_id in RUNS:
        view = model.run("acme", run_id)
        lines = model.run_vendors("acme", run_id, limit=100).items
        states = Counter(line.state for line in lines if line.state is not VendorState.UNLINKED)
        assert states == Counter({} if view is None else view.by_state)
