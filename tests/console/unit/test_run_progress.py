"""A run's progress against what it should be, computed at once from all records."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.topic_queries.run_progress import SETTLING, RunCounts, RunProgress
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.sync_run import QueuedVendor, RunPart, SyncRun
from tests.support.messages import NOW, expanding, outcome, shard

Record = SyncRun | VendorSyncOutcome


class State(NamedTuple):
    """The public facts of a progress."""

    counts: RunCounts
    done: bool
    expanded: bool
    unsettled: tuple[str, ...]
    unlinked: tuple[str, ...]
    answers: dict[str, Status]


def fed(records: Iterable[Record]) -> RunProgress:
    progress = RunProgress("run")
    for record in records:
        if isinstance(record, SyncRun):
            progress.run(record)
        else:
            progress.outcome(record)
    return progress


def state_of(progress: RunProgress) -> State:
    return State(
        counts=progress.counts(),
        done=progress.done,
        expanded=progress.expanded,
        unsettled=progress.unsettled,
        unlinked=progress.unlinked,
        answers={vendor_id: answer.status for vendor_id, answer in progress.answers.items()},
    )


def meant(records: list[Record]) -> State:
    """The expected facts of a progress of these records."""
    parts = [part for part in records if isinstance(part, SyncRun) and part.run_id == "run"]
    shards = [part for part in parts if part.part is RunPart.SHARD]
    queued = {vendor.vendor_id for part in shards for vendor in part.queued}
    already = {vendor.vendor_id for part in shards for vendor in part.already_in_progress} - queued
    answers = {}
    for vendor_id in queued | already:
        named = {
            (part.topic_id, vendor.offset)
            for part in shards
            for vendor in part.queued + part.already_in_progress
            if vendor.vendor_id == vendor_id
        }
        reaching = [
            answer
            for answer in records
            if isinstance(answer, VendorSyncOutcome)
            and (answer.client_id, answer.vendor_id) == ("acme", vendor_id)
            and answer.status is not Status.WRITING
            and any(answer.topic_id == topic and answer.through_offset >= offset for topic, offset in named)
        ]
        if reaching:
            first = min(reaching, key=lambda answer: (answer.through_offset, answer.at, answer.attempt, answer.status))
            answers[vendor_id] = first.status
    expanded = any(part.part is RunPart.EXPANDING for part in parts) and all(
        _closed([part for part in shards if part.partition == partition])
        for partition in range(max(part.partitions for part in parts))
    )
    refused = any(part.part is RunPart.REFUSED for part in parts)
    unsettled = (queued | already) - answers.keys()
    return State(
        counts=RunCounts(
            queued=len(queued),
            already_in_progress=len(already),
            unlinked=len({vendor_id for part in shards for vendor_id in part.unlinked}),
            unknown=len({vendor_id for part in shards for vendor_id in part.unknown}),
            by_status=dict(Counter(answers.values())),
            in_progress=len(unsettled),
        ),
        done=refused or (expanded and not unsettled),
        expanded=expanded,
        unsettled=tuple(sorted(unsettled)),
        unlinked=tuple(sorted({vendor_id for part in shards for vendor_id in part.unlinked})),
        answers=answers,
    )


def _closed(shards: list[SyncRun]) -> bool:
    lasts = [part.chunk for part in shards if part.last]
    return bool(lasts) and {part.chunk for part in shards} >= set(range(min(lasts) + 1))


VENDORS = ("v0", "v1", "v2", "v3", "v4")
PARTITIONS = 2
low_offsets = st.integers(min_value=0, max_value=4)
topic_ids = st.sampled_from(["t1", "t1", "t1", "t2"])
some_outcomes = st.builds(
    lambda seconds, **fields: outcome(at=NOW + timedelta(seconds=seconds), **fields),
    seconds=st.integers(min_value=0, max_value=2),
    client_id=st.sampled_from(["acme", "acme", "acme", "other"]),
    vendor_id=st.sampled_from([*VENDORS, "stranger"]),
    status=st.sampled_from(Status),
    through_offset=st.integers(min_value=-1, max_value=5),
    topic_id=topic_ids,
    attempt=st.integers(min_value=1, max_value=2),
)


@st.composite
def a_partitions_shards(draw: st.DrawFn, partition: int) -> list[SyncRun]:
    """Its vendors in chunks, once or, as after a crash, once more with other offsets."""
    mine = [vendor for number, vendor in enumerate(VENDORS) if number % PARTITIONS == partition]
    shards: list[SyncRun] = []
    for _ in range(draw(st.integers(min_value=1, max_value=2))):
        cuts = sorted(draw(st.sets(st.integers(min_value=1, max_value=len(mine) - 1), max_size=2)))
        topic_id = draw(topic_ids)
        bounds = [0, *cuts, len(mine)]
        for chunk, (begin, end) in enumerate(pairwise(bounds)):
            become: dict[str, list[str]] = {"queued": [], "already_in_progress": [], "unlinked": [], "unknown": []}
            for vendor_id in mine[begin:end]:
                become[draw(st.sampled_from(["queued", "queued", *become]))].append(vendor_id)
            named = {
                word: tuple(QueuedVendor(vendor_id=vendor_id, offset=draw(low_offsets)) for vendor_id in become[word])
                for word in ("queued", "already_in_progress")
            }
            shards.append(
                shard(
                    partition=partition,
                    chunk=chunk,
                    last=end == len(mine),
                    topic_id=topic_id,
                    unlinked=tuple(become["unlinked"]),
                    unknown=tuple(become["unknown"]),
                    **named,
                )
            )
    return shards


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """A whole run and outcomes of all sorts, in no order."""
    records: list[Record] = [expanding(PARTITIONS), shard(run_id="another", unlinked=("v9",))]
    for partition in range(PARTITIONS):
        records += draw(a_partitions_shards(partition))
    records += draw(st.lists(some_outcomes, max_size=12))
    return draw(st.permutations(records))


@settings(max_examples=300)
@given(history=histories(), data=st.data())
def test_records_in_any_order_and_any_number_of_times_give_the_same(history: list[Record], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(history), max_size=10))
    shuffled = data.draw(st.permutations([*history, *again]))
    assert state_of(fed(shuffled)) == state_of(fed(history)) == meant(history)


@settings(max_examples=300)
@given(history=histories(), data=st.data())
def test_at_every_moment_a_run_is_done_exactly_when_all_partitions_closed_and_all_vendors_are_settled(
    history: list[Record], data: st.DataObject
) -> None:
    seen = history[: data.draw(st.integers(min_value=0, max_value=len(history)))]
    assert state_of(fed(seen)) == meant(seen)


@settings(max_examples=100)
@given(history=histories())
def test_every_vendor_counts_once(history: list[Record]) -> None:
    counts = fed(history).counts()
    assert counts.total == counts.queued + counts.already_in_progress == counts.settled + counts.in_progress
    assert counts.total <= len(VENDORS)


def queued(vendor_id: str, offset: int) -> tuple[QueuedVendor, ...]:
    return (QueuedVendor(vendor_id=vendor_id, offset=offset),)


def test_an_outcome_settles_a_vendor_once_it_reaches_its_offset() -> None:
    run: list[Record] = [expanding(1), shard(queued=queued("v1", 7))]
    assert not fed([*run, outcome(through_offset=6)]).done
    assert fed([*run, outcome(through_offset=7)]).done
    assert fed([*run, outcome(through_offset=70)]).done


def test_a_vendor_that_was_already_in_progress_is_waited_for() -> None:
    run: list[Record] = [expanding(1), shard(already_in_progress=queued("v1", 3))]
    assert fed(run).unsettled == ("v1",)
    assert fed([*run, outcome(through_offset=3)]).done


@pytest.mark.parametrize("status", sorted(SETTLING))
def test_every_status_but_writing_settles(status: Status) -> None:
    progress = fed([expanding(1), shard(queued=queued("v1", 0)), outcome(status=status)])
    assert progress.done
    assert progress.counts().by_status == {status: 1}


def test_writing_settles_nothing() -> None:
    assert set(Status) - SETTLING == {Status.WRITING}
    progress = fed([expanding(1), shard(queued=queued("v1", 0)), outcome(status=Status.WRITING, through_offset=9)])
    assert progress.counts().in_progress == 1


@pytest.mark.parametrize("foreign", [{"client_id": "other"}, {"topic_id": "t2"}, {"vendor_id": "v2"}])
def test_outcomes_of_other_clients_topic_lives_and_vendors_count_for_nothing(foreign: dict[str, str]) -> None:
    run: list[Record] = [expanding(1), shard(queued=queued("v1", 0))]
    answer = outcome(through_offset=9, **foreign)
    orders: list[list[Record]] = [[*run, answer], [answer, *run]]
    for records in orders:
        assert fed(records).unsettled == ("v1",)


def test_the_first_outcome_that_reaches_a_vendor_settles_it_and_later_ones_change_nothing() -> None:
    run: list[Record] = [expanding(1), shard(queued=queued("v1", 3))]
    failed, updated = outcome(status=Status.FAILED, through_offset=3), outcome(through_offset=8)
    for answers in ([failed, updated], [updated, failed]):
        assert fed([*run, *answers]).counts().by_status == {Status.FAILED: 1}


def test_a_vendor_named_again_after_a_crash_is_settled_by_the_earlier_outcome() -> None:
    first, again = shard(queued=queued("v1", 5)), shard(queued=queued("v1", 10))
    answer = outcome(through_offset=7)
    orders: list[list[Record]] = [
        [first, answer, again],
        [again, answer, first],
        [again, first, answer],
        [answer, again, first],
    ]
    for records in orders:
        assert fed([expanding(1), *records]).done


def test_a_run_is_not_done_before_every_partition_has_closed() -> None:
    records = [expanding(2), shard(partition=0, chunk=1), shard(partition=0, chunk=0, last=False), shard(partition=1)]
    for missing in range(4):
        assert not fed(records[:missing] + records[missing + 1 :]).done
    assert fed(records).done


def test_a_refused_run_is_done_and_has_the_reason() -> None:
    progress = fed([shard(part=RunPart.REFUSED, refusal="It ended.", partition=-1, last=False)])
    assert progress.done
    assert progress.refusal == "It ended."
    assert progress.counts().total == 0


def test_an_unheard_of_run_is_not_done() -> None:
    progress = fed([outcome(), expanding(1, run_id="another")])
    assert not progress.done
    assert progress.client_id is None
