# ruff: noqa: SLF001 -- the client library has only private names for these errors
import logging
from copy import copy

import pytest
from aiokafka.errors import (
    CommitFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    TopicAuthorizationFailedError,
)
from confluent_kafka import KafkaError

from processors.runtime.kafka_outage import Doubt, Line, Outage, OutageLog, doubted, failed, looked
from processors.runtime.outage_lines import About, about

EVERY = 60.0


def record(name: str, message: str, *arguments: object, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, "file.py", 1, message, arguments, None)


def test_the_first_line_is_logged_and_then_one_a_minute() -> None:
    outage: Outage | None = None
    logged = []
    for tenth in range(1800):
        outage, line = failed(outage, tenth / 10, every=EVERY)
        if line is not Line.NOTHING:
            logged.append((tenth / 10, line))
    assert logged == [(0, Line.UNAVAILABLE), (60, Line.UNAVAILABLE), (120, Line.UNAVAILABLE)]
    assert outage == Outage(began=0, failed=179.9, written=120, left_out=1799)


def test_an_outage_of_which_nothing_is_heard_is_logged_once_a_minute_too() -> None:
    outage: Outage | None = Outage(began=0, failed=0, written=0)
    logged = []
    for second in range(1, 181):
        assert outage is not None
        outage, line = looked(outage, second, answers=False, every=EVERY)
        if line is not Line.NOTHING:
            logged.append((second, line))
    assert logged == [(60, Line.UNAVAILABLE), (120, Line.UNAVAILABLE), (180, Line.UNAVAILABLE)]


def test_that_kafka_answers_ends_the_outage() -> None:
    outage = Outage(began=0, failed=30, written=0, left_out=7)
    assert looked(outage, 40, answers=True, every=EVERY) == (None, Line.AVAILABLE)


@pytest.mark.parametrize(
    ("name", "message", "arguments"),
    [
        ("aiokafka", "Unable connect to node with id %s: %s", (1, OSError(111, "Connection refused"))),
        ("aiokafka", "Unable to update metadata from %s", ([1],)),
        ("aiokafka.consumer.fetcher", "Failed fetch messages from %s: %s", (1, NodeNotReadyError("node 1"))),
        (
            "aiokafka.consumer.group_coordinator",
            "Heartbeat send request failed: %s. Will retry.",
            (KafkaConnectionError("x"),),
        ),
        (
            "processors.events.async_producer",
            "The producer reports an error: %s",
            (KafkaError(KafkaError._ALL_BROKERS_DOWN),),
        ),
    ],
)
def test_lines_about_an_unavailable_kafka(name: str, message: str, arguments: tuple[object, ...]) -> None:
    assert about(record(name, message, *arguments)) is About.OUTAGE


@pytest.mark.parametrize(
    ("name", "message", "arguments"),
    [
        (
            "aiokafka.consumer.group_coordinator",
            "Heartbeat failed for group %s because it is rebalancing",
            ("vive-sync",),
        ),
        ("aiokafka.consumer.fetcher", "Failed fetch messages from %s: %s", (1, TopicAuthorizationFailedError("t"))),
        ("aiokafka.consumer.group_coordinator", "OffsetCommit failed: %s", (CommitFailedError("x"),)),
        ("aiokafka", "Topic %s not found in cluster metadata", ("vive.vendor-sync",)),
        (
            "processors.events.async_producer",
            "The producer reports an error: %s",
            (KafkaError(KafkaError._AUTHENTICATION),),
        ),
        (
            "processors.vendor_sync.observation_cache",
            "Client %s: reading failed. %s",
            ("acme", OSError(111, "Connection refused")),
        ),
        ("accounting.vantaca", "Vantaca does not answer: %s", (TimeoutError(),)),
    ],
)
def test_lines_about_anything_else_are_logged(name: str, message: str, arguments: tuple[object, ...]) -> None:
    assert about(record(name, message, *arguments)) is About.SOMETHING_ELSE


COMMITS = record(
    "processors.transport.consumer_thread",
    "Offsets could not be committed and will be offered again: %s",
    "TimeoutError",
)
OVERLAPS = record("mode.timers", "Timer %s is overlapping (interval=%r runtime=%r)", "commit", 1.0, 3.0)
COORDINATOR = "aiokafka.consumer.group_coordinator"
NOT_THERE = record(COORDINATOR, "Group Coordinator Request failed: %s", GroupCoordinatorNotAvailableError("x"))
DEAD = record(COORDINATOR, "Marking the coordinator dead (node %s)for group %s.", 1, "x")
NOT_VALID = record(
    COORDINATOR, "Heartbeat failed for group %s: coordinator (node %s) is either not started or not valid", "x", 1
)


def test_lines_that_may_follow_from_an_unavailable_kafka() -> None:
    assert {about(line) for line in (COMMITS, OVERLAPS)} == {About.CONSEQUENCE}
    assert {about(line) for line in (NOT_THERE, DEAD, NOT_VALID)} == {About.COORDINATOR}


def test_they_are_left_out_only_in_an_outage() -> None:
    lines = [copy(line) for line in (COMMITS, OVERLAPS, NOT_THERE, DEAD)]
    outages = OutageLog("kafka:9092")
    assert [outages.filter(copy(line)) for line in lines] == [True] * 4
    assert not outages.filter(record("aiokafka", "Unable to update metadata from %s", [1]))
    assert [outages.filter(copy(line)) for line in lines] == [False] * 4


def test_a_coordinator_that_is_not_there_for_long_is_an_outage() -> None:
    doubt: Doubt | None = None
    outages = []
    for tenth in range(40):
        doubt, lasting = doubted(doubt, tenth / 10)
        outages.append(lasting)
    assert outages == [False] * 20 + [True] * 20
    assert doubt == Doubt(began=0, last=3.9)
    assert doubted(doubt, 10) == (Doubt(began=10, last=10), False)


def test_debug_lines_are_never_left_out() -> None:
    line = record("aiokafka.conn", "Closing connection: %s", KafkaConnectionError("x"), level=logging.DEBUG)
    assert about(line) is About.SOMETHING_ELSE


def test_several_handlers_count_a_line_once(caplog: pytest.LogCaptureFixture) -> None:
    outages = OutageLog("kafka:9092")
    lines = [record("aiokafka", "Unable to update metadata from %s", [1]) for _ in range(3)]
    with caplog.at_level(logging.ERROR, logger="processors.runtime.kafka_outage"):
        decisions = [[outages.filter(line), outages.filter(line)] for line in lines]
    assert decisions == [[False, False]] * 3
    (logged,) = caplog.messages
    assert logged.startswith("Kafka at kafka:9092, or one of its brokers, is unavailable since 2")
    assert logged.endswith("0 so far; the last: aiokafka: Unable to update metadata from [1]")
