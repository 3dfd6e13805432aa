"""Runs and vendors as read from the topics of a real Kafka."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.topic_queries import runs
from console.topic_queries.run_progress import RunProgress
from console.topic_queries.runs import began_at, fold, follow, status_of, vendor_view
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.topic_reader import ConsumedRecord, TopicReader
from schemas.message import Message
from schemas.records.outcome import Status
from schemas.records.sync_run import QueuedVendor, RunPart
from schemas.records.vendor_key import VendorKey
from schemas.records.vendor_row import VendorRow
from schemas.topics import SYNC_RUN, VENDOR_SYNC_OUTCOME, VENDOR_TABLE_CHANGELOG, Topic
from tests.support.messages import expanding, outcome, shard, vendor_record
from tests.support.product_topics import CODEC, new_client, new_run, partitions_of
from tests.support.slowness import patient

MILLISECONDS = st.integers(min_value=0, max_value=2**48 - 1)


@given(milliseconds=MILLISECONDS, rest=st.integers(min_value=0, max_value=2**80 - 1))
def test_a_version_7_run_id_holds_the_time_of_the_request(milliseconds: int, rest: int) -> None:
    bits = milliseconds << 80 | rest & ~(0xF << 76) | 7 << 76
    assert began_at(str(uuid.UUID(int=bits))) == milliseconds


def test_a_fresh_run_began_now() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= began_at(new_run()) <= time.time_ns() // 1_000_000


@given(st.one_of(st.text(max_size=40), st.uuids(version=4).map(str), st.uuids(version=1).map(str)))
def test_a_run_with_another_kind_of_id_is_read_from_the_beginning(run_id: str) -> None:
    assert began_at(run_id) == 0


def test_unreadable_records_are_ignored() -> None:
    progress = RunProgress("run")
    for topic in (SYNC_RUN, VENDOR_SYNC_OUTCOME):
        for value in (None, b"", b"garbage", CODEC.encode(vendor_record(), topic=topic.name)):
            fold(progress, ConsumedRecord(topic.name, 0, 0, b"run", value), CODEC)
    assert progress == RunProgress("run")


class RunRecords:
    """Publishes records of one client's run."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.client = new_client()
        self.run = new_run()
        self._producer = BlockingProducer(bootstrap, seconds=patient(30))

    def publish(self, topic: Topic, key: str, *values: Message | bytes | None) -> None:
        encoded = [CODEC.encode(value, topic=topic.name) if isinstance(value, Message) else value for value in values]
        self._producer.publish(OutgoingRecord(topic.name, key.encode(), value) for value in encoded)

    def expanding(self, partitions: int) -> None:
        fields = {"run_id": self.run, "client_id": self.client}
        self.publish(SYNC_RUN, self.run, expanding(partitions, **fields))

    def shard(self, partition: int, **offsets: int) -> None:
        queued = tuple(QueuedVendor(vendor_id=vendor_id, offset=offset) for vendor_id, offset in offsets.items())
        self.publish(
            SYNC_RUN,
            self.run,
            shard(run_id=self.run, client_id=self.client, partition=partition, queued=queued),
        )

    def outcome(self, vendor_id: str, through_offset: int, status: Status = Status.UPDATED) -> None:
        answer = outcome(
            client_id=self.client,
            vendor_id=vendor_id,
            through_offset=through_offset,
            status=status,
            at=datetime.now(UTC),
        )
        self.publish(VENDOR_SYNC_OUTCOME, f"{self.client}:{vendor_id}", answer)


@pytest.fixture
def records_of_run(bootstrap: str) -> RunRecords:
    return RunRecords(bootstrap)


def until(following: Iterator[RunProgress], holds: Callable[[RunProgress], bool]) -> None:
    deadline = time.monotonic() + patient(20)
    for progress in following:
        if holds(progress):
            return
        assert time.monotonic() < deadline, progress.counts()
    raise AssertionError("the run was reported as done")


def test_following_a_run_shows_it_grow_and_ends_when_it_is_done(records_of_run: RunRecords) -> None:
    records_of_run.expanding(2)
    records_of_run.shard(0, v1=0, v2=4)
    following = follow(records_of_run.bootstrap, records_of_run.run, CODEC)
    until(following, lambda progress: progress.counts().queued == 2)
    records_of_run.outcome("v1", 0, Status.UNCHANGED)
    records_of_run.outcome("v2", 3, Status.FAILED)
    until(following, lambda progress: progress.counts().settled == 1)
    records_of_run.shard(1, v3=1)
    records_of_run.outcome("v2", 4, Status.WRITING)
    until(following, lambda progress: progress.expanded and progress.unsettled == ("v2", "v3"))
    records_of_run.publish(VENDOR_SYNC_OUTCOME, f"{records_of_run.client}:v2", b"garbage")
    records_of_run.outcome("v2", 4)
    records_of_run.outcome("v3", 9)
    (*_, last) = following
    assert last.done
    assert last.counts().by_status == {Status.UNCHANGED: 1, Status.UPDATED: 2}


def test_following_goes_on_with_a_new_consumer_when_its_own_stops_delivering(
    records_of_run: RunRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[TopicReader] = []

    class Noted(TopicReader):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            opened.append(self)

    monkeypatch.setattr(runs, "TopicReader", Noted)
    records_of_run.expanding(1)
    records_of_run.shard(0, v1=0)
    following = follow(records_of_run.bootstrap, records_of_run.run, CODEC, stall_timeout=2.0)
    until(following, lambda progress: progress.counts().queued == 1)
    consumer = opened[0]._consumer  # noqa: SLF001 -- nothing outside can break it
    consumer.pause(consumer.assignment())
    records_of_run.outcome("v1", 0)
    until(following, lambda progress: progress.done)
    assert len(opened) == 2


def test_the_status_of_a_run_is_that_of_the_topics(records_of_run: RunRecords) -> None:
    records_of_run.expanding(1)
    records_of_run.outcome("v1", 5)
    records_of_run.shard(0, v1=5, v2=6)
    progress = status_of(records_of_run.bootstrap, records_of_run.run, CODEC)
    assert not progress.done
    assert (progress.client_id, progress.unsettled) == (records_of_run.client, ("v2",))
    records_of_run.outcome("v2", 6)
    assert status_of(records_of_run.bootstrap, records_of_run.run, CODEC).done


def test_a_refused_run_is_over_at_once(records_of_run: RunRecords) -> None:
    refused = shard(
        run_id=records_of_run.run,
        client_id=records_of_run.client,
        part=RunPart.REFUSED,
        refusal="It ended.",
        partition=-1,
    )
    records_of_run.publish(SYNC_RUN, records_of_run.run, refused)
    (*_, last) = follow(records_of_run.bootstrap, records_of_run.run, CODEC)
    assert last.refusal == "It ended."


def test_an_unknown_run_has_no_counts(bootstrap: str) -> None:
    assert status_of(bootstrap, new_run(), CODEC).client_id is None


def test_a_vendors_view_is_its_latest_row_and_its_outcomes_in_order(records_of_run: RunRecords) -> None:
    key = VendorKey(records_of_run.client, "v1")
    partitions = partitions_of(records_of_run.bootstrap, VENDOR_SYNC_OUTCOME)
    rows = [VendorRow(record=vendor_record(client_id=key.client_id, version=version)) for version in (1, 2)]
    records_of_run.publish(VENDOR_TABLE_CHANGELOG, str(key), *rows)
    records_of_run.publish(VENDOR_TABLE_CHANGELOG, f"{records_of_run.client}:v2", VendorRow(status="failed"))
    records_of_run.outcome("v1", 1, Status.FAILED)
    records_of_run.publish(VENDOR_SYNC_OUTCOME, str(key), b"garbage")
    records_of_run.outcome("v2", 2, Status.UNCHANGED)
    records_of_run.outcome("v1", 3)
    view = vendor_view(records_of_run.bootstrap, key, CODEC, partitions=partitions)
    assert view.row == rows[-1]
    assert [answer.status for answer in view.outcomes] == [Status.FAILED, Status.UPDATED]


def test_an_unknown_vendor_has_an_empty_view(bootstrap: str) -> None:
    partitions = partitions_of(bootstrap, VENDOR_SYNC_OUTCOME)
    view = vendor_view(bootstrap, VendorKey(new_client(), "v1"), CODEC, partitions=partitions)
    assert (view.row, view.outcomes) == (None, ())
