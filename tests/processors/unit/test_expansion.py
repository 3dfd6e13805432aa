from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.expansion.decisions import Chunk, by_progress, chunks, event_for, expand, report
from processors.state.pending_events import PendingEvent
from schemas.records.integration import Integration, ineligible_reason
from schemas.records.sync_run import CHUNK_SIZE, Lane, QueuedVendor, RunPart, SyncExpansion, SyncRequested
from schemas.records.vendor_key import VendorKey
from schemas.wire.partitioning import partition_of
from tests.support.messages import NOW, identifiers, integration


def request(vendor_ids: tuple[str, ...] | None = None) -> SyncRequested:
    return SyncRequested(
        run_id="run", client_id="acme", vendor_ids=vendor_ids, requested_by="Dana", cause="schedule", requested_at=NOW
    )


def expansion(vendor_ids: tuple[str, ...] | None = None, lane: Lane = Lane.BULK) -> SyncExpansion:
    return SyncExpansion(
        run_id="run",
        client_id="acme",
        partition=3,
        vendor_ids=vendor_ids,
        lane=lane,
        requested_by="Dana",
        cause="schedule",
        requested_at=NOW,
    )


def named(chunk: Chunk) -> list[str]:
    return [*chunk.to_queue, *chunk.unlinked, *chunk.unknown]


def in_chunks(given_chunks: list[Chunk]) -> None:
    assert [chunk.number for chunk in given_chunks] == list(range(len(given_chunks)))
    assert [chunk.last for chunk in given_chunks] == [False] * (len(given_chunks) - 1) + [True]
    assert all(len(named(chunk)) <= CHUNK_SIZE for chunk in given_chunks)


@pytest.mark.parametrize("partitions", [1, 2, 12, 100])
def test_a_run_over_all_vendors_goes_to_every_partition_once_in_lane_bulk(partitions: int) -> None:
    expanded = expand(request(), integration(), partitions=partitions, now=NOW)
    assert (expanded.run.part, expanded.run.partitions, expanded.run.refusal) == (RunPart.EXPANDING, partitions, None)
    assert [shard.partition for shard in expanded.shards] == list(range(partitions))
    assert {(shard.lane, shard.vendor_ids) for shard in expanded.shards} == {(Lane.BULK, None)}
    for shard in expanded.shards:
        assert (shard.run_id, shard.client_id) == ("run", "acme")
        assert (shard.requested_by, shard.cause, shard.requested_at) == ("Dana", "schedule", NOW)


@given(asked=st.lists(identifiers, max_size=30).map(tuple), partitions=st.integers(min_value=1, max_value=20))
def test_vendors_asked_for_by_id_go_to_their_own_partition_once_in_lane_live(
    asked: tuple[str, ...], partitions: int
) -> None:
    expanded = expand(request(asked + asked[:3]), integration(), partitions=partitions, now=NOW)
    assert len(expanded.shards) == partitions
    assert Counter(chain.from_iterable(shard.vendor_ids or () for shard in expanded.shards)) == Counter(set(asked))
    for shard in expanded.shards:
        assert shard.lane is Lane.LIVE
        for vendor_id in shard.vendor_ids or ():
            assert partition_of(VendorKey("acme", vendor_id).to_bytes(), partitions) == shard.partition


def test_a_run_over_no_vendors_still_closes_every_partition() -> None:
    expanded = expand(request(()), integration(), partitions=3, now=NOW)
    assert [shard.vendor_ids for shard in expanded.shards] == [(), (), ()]


@pytest.mark.parametrize(
    "unfit",
    [None, integration(mode="one_way"), integration(system="cinc"), integration(ended_at=NOW)],
    ids=["unknown", "one-way", "not vantaca", "ended"],
)
def test_a_run_of_a_client_that_cannot_be_synced_is_refused_and_has_no_shards(unfit: Integration | None) -> None:
    expanded = expand(request(), unfit, partitions=12, now=NOW)
    assert expanded.shards == ()
    assert (expanded.run.part, expanded.run.partitions) == (RunPart.REFUSED, 0)
    assert expanded.run.refusal == ineligible_reason("acme", unfit)
    assert (expanded.run.run_id, expanded.run.requested_by, expanded.run.cause) == ("run", "Dana", "schedule")


def test_a_request_that_is_read_twice_expands_to_the_same() -> None:
    first, again = (expand(request(("v1", "v2")), integration(), partitions=12, now=NOW) for _ in range(2))
    assert first == again


@given(
    count=st.sampled_from([0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 1]),
    every=st.integers(min_value=1, max_value=4),
)
def test_every_vendor_is_named_once_in_chunks_of_which_the_last_closes(count: int, every: int) -> None:
    vendors = {f"v{number}": number % every == 0 for number in range(count)}
    made = list(chunks(expansion(), vendors))
    in_chunks(made)
    assert Counter(chain.from_iterable(map(named, made))) == Counter(vendors.keys())
    assert {vendor_id for chunk in made for vendor_id in chunk.to_queue} == {v for v in vendors if vendors[v]}
    assert {vendor_id for chunk in made for vendor_id in chunk.unlinked} == {v for v in vendors if not vendors[v]}
    assert not any(chunk.unknown for chunk in made)
    assert list(chunks(expansion(), dict(reversed(vendors.items())))) == made


@given(
    vendors=st.dictionaries(identifiers, st.booleans(), max_size=10),
    others=st.sets(identifiers, max_size=5),
    data=st.data(),
)
def test_of_vendors_asked_for_by_id_those_alone_are_named(
    vendors: dict[str, bool], others: set[str], data: st.DataObject
) -> None:
    asked = tuple(data.draw(st.permutations(sorted(others | set(list(vendors)[::2])))))
    made = list(chunks(expansion(asked, Lane.LIVE), vendors))
    in_chunks(made)
    assert Counter(chain.from_iterable(map(named, made))) == Counter(asked)
    for chunk in made:
        assert all(vendors[vendor_id] for vendor_id in chunk.to_queue)
        assert not any(vendors[vendor_id] for vendor_id in chunk.unlinked)
        assert vendors.keys().isdisjoint(chunk.unknown)


@pytest.mark.parametrize("lane", Lane)
def test_the_event_of_a_vendor_carries_who_asked_and_why(lane: Lane) -> None:
    event = event_for(expansion(lane=lane), "v1")
    assert event.key == VendorKey("acme", "v1")
    assert (event.lane, event.cause, event.run_id, event.attempt) == (lane, "schedule", "run", 1)
    assert (event.requested_by, event.requested_at) == ("Dana", NOW)


def test_the_report_of_a_chunk_names_all_its_vendors() -> None:
    chunk = Chunk(number=2, last=True, to_queue=("a", "b"), unlinked=("c",), unknown=("d",))
    queued, already = QueuedVendor(vendor_id="a", offset=7), QueuedVendor(vendor_id="b", offset=3)
    said = report(
        expansion(), chunk, queued=[queued], already=[already], with_stale_records=["b"], topic_id="t1", now=NOW
    )
    assert (said.run_id, said.client_id, said.part, said.at) == ("run", "acme", RunPart.SHARD, NOW)
    assert (said.partition, said.chunk, said.last, said.topic_id) == (3, 2, True, "t1")
    assert (said.queued, said.already_in_progress) == ((queued,), (already,))
    assert (said.unlinked, said.unknown, said.with_stale_records) == (("c",), ("d",), ("b",))


def test_vendors_with_a_pending_event_are_not_published_again() -> None:
    chunk = Chunk(number=0, last=True, to_queue=("a", "b", "c"), unlinked=("d",))
    pending = {VendorKey("acme", "b"): PendingEvent(5, "run"), VendorKey("acme", "c"): PendingEvent(9, None)}
    progress = by_progress(expansion(), chunk, pending.get, lambda _key: False)
    assert progress.to_publish == ("a",)
    assert progress.queued == (QueuedVendor(vendor_id="b", offset=5),)
    assert progress.already == (QueuedVendor(vendor_id="c", offset=9),)


def test_a_vendor_that_is_worked_with_older_data_is_published_again_but_for_the_run_that_it_is_worked_for() -> None:
    chunk = Chunk(number=0, last=True, to_queue=("b", "c"))
    pending = {VendorKey("acme", "b"): PendingEvent(5, "run"), VendorKey("acme", "c"): PendingEvent(9, None)}
    progress = by_progress(expansion(), chunk, pending.get, lambda _key: True)
    assert (progress.to_publish, progress.already) == (("c",), ())
    assert progress.queued == (QueuedVendor(vendor_id="b", offset=5),)
