from collections.abc import Mapping
from dataclasses import replace

import pytest

from messaging.topic_differences import Expected, TopicState, declared_settings, differences, wrong_settings
from schemas.topics import (
    ALL,
    DAY_MS,
    DEAD_LETTER,
    DEAD_LETTER_HANDLED,
    SYNC_RUN,
    VENDOR_RECORD,
    VENDOR_SYNC,
    Topic,
)

EXPECTED = Expected(partitions=12, replicas=3)


def state(topic: Topic, *, partitions: int = 12, replicas: int = 3) -> TopicState:
    settings = {**declared_settings(topic, replicas=replicas), "flush.ms": "1"}
    return TopicState(partitions=partitions, replicas=replicas, settings=settings)


def changed(topic: Topic, name: str, value: str, *, replicas: int = 3) -> TopicState:
    state_as_declared = state(topic, replicas=replicas)
    return replace(state_as_declared, settings={**state_as_declared.settings, name: value})


def compared(states: Mapping[Topic, TopicState], expected: Expected = EXPECTED) -> list[str]:
    return differences(states, {topic.name: each for topic, each in states.items()}, expected)


def test_topics_as_declared_do_not_differ() -> None:
    assert compared({topic: state(topic) for topic in ALL}) == []
    assert compared({topic: state(topic, replicas=1) for topic in ALL}, Expected(partitions=12, replicas=1)) == []


@pytest.mark.parametrize(
    ("topic", "name", "present", "declared"),
    [
        (SYNC_RUN, "retention.ms", "3600000", str(365 * DAY_MS)),
        (SYNC_RUN, "retention.ms", str(730 * DAY_MS), str(365 * DAY_MS)),
        (SYNC_RUN, "retention.bytes", "1000", "-1"),
        (SYNC_RUN, "max.message.bytes", "2048", "1048588"),
        (SYNC_RUN, "cleanup.policy", "compact,delete", "delete"),
        (VENDOR_SYNC, "delete.retention.ms", str(DAY_MS), str(30 * DAY_MS)),
        (VENDOR_SYNC, "max.compaction.lag.ms", "9223372036854775807", str(7 * DAY_MS)),
        (VENDOR_SYNC, "min.insync.replicas", "1", "2"),
        (VENDOR_RECORD, "min.compaction.lag.ms", "0", str(7 * DAY_MS)),
        (VENDOR_RECORD, "max.compaction.lag.ms", str(7 * DAY_MS), str(14 * DAY_MS)),
    ],
)
def test_a_setting_that_is_not_as_declared_is_named_with_the_command_that_sets_it(
    topic: Topic, name: str, present: str, declared: str
) -> None:
    (sentence,) = compared({topic: changed(topic, name, present)})
    assert sentence.startswith(f"Topic {topic.name} has {name}={present}, declared is {declared}: ")
    assert "`vive-sync topics --fix`" in sentence
    assert sentence.endswith(f"--alter --entity-type topics --entity-name {topic.name} --add-config {name}={declared}")


@pytest.mark.parametrize(("name", "present"), [("max.message.bytes", "10485760"), ("min.insync.replicas", "3")])
def test_some_settings_may_be_more_than_declared(name: str, present: str) -> None:
    assert wrong_settings(SYNC_RUN, changed(SYNC_RUN, name, present, replicas=5)) == {}


def test_a_setting_that_the_brokers_do_not_report_is_not_compared() -> None:
    assert wrong_settings(SYNC_RUN, TopicState(partitions=12, replicas=1, settings={})) == {}


def test_a_topic_with_too_few_replicas_is_named() -> None:
    (sentence,) = compared({VENDOR_SYNC: state(VENDOR_SYNC, replicas=1)})
    assert sentence.startswith("Topic vive.vendor-sync has partitions with 1 of 3 replicas ")
    assert sentence.endswith("add replicas with kafka-reassign-partitions.")
    assert compared({VENDOR_SYNC: state(VENDOR_SYNC, replicas=5)}) == []


def test_topics_of_another_number_of_partitions_than_the_setting_are_refused() -> None:
    (sentence,) = compared({SYNC_RUN: state(SYNC_RUN, partitions=24), VENDOR_SYNC: state(VENDOR_SYNC, partitions=24)})
    assert sentence.startswith(
        "VIVE_SYNC_PARTITIONS is 12, but not every topic has so many partitions "
        "(vive.sync-run 24, vive.vendor-sync 24), and "
    )
    assert "`vive-sync topics migrate --partitions NUMBER`" in sentence


def test_topics_of_dead_letters_keep_their_number_but_have_the_same() -> None:
    letters = {topic: state(topic, partitions=12) for topic in (DEAD_LETTER, DEAD_LETTER_HANDLED)}
    assert compared({SYNC_RUN: state(SYNC_RUN, partitions=24), **letters}, Expected(partitions=24, replicas=3)) == []
    (sentence,) = compared(letters | {DEAD_LETTER: state(DEAD_LETTER, partitions=24)})
    assert sentence.startswith("The topics of dead letters must have the same number of partitions, but have ")
