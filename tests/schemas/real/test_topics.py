from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient

from devkit.broker import Broker
from messaging.topic_admin import (
    TopicsError,
    check_topics,
    create_topics,
    fix_topics,
    partition_count,
    topic_id,
)
from schemas import topics
from schemas.topics import ALL, APP_ID, DAY_MS, DEFAULT_PARTITIONS, Topic, min_insync_replicas
from tests.support.eventually import eventually
from tests.support.topics import QUIET, create_topic, unique

COMPACTED = {
    topics.INTEGRATION,
    topics.VENDOR_RECORD,
    topics.VENDOR_SYNC,
    topics.SCHEMA,
    topics.VENDOR_TABLE_CHANGELOG,
}
DELETED = {
    topics.SYNC_REQUESTED: 7 * DAY_MS,
    topics.SYNC_EXPANSION: 7 * DAY_MS,
    topics.SYNC_RUN: 365 * DAY_MS,
    topics.VENDOR_SYNC_OUTCOME: 365 * DAY_MS,
    topics.DEAD_LETTER: 365 * DAY_MS,
    topics.DEAD_LETTER_HANDLED: 730 * DAY_MS,
}


@pytest.fixture
def admin(kafka: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap, **QUIET})


def topic(name: str, *, compacted: bool = False) -> Topic:
    retention = None if compacted else DAY_MS
    return Topic(name=unique(name), key="vendor key", description="a test", compacted=compacted, retention_ms=retention)


def test_every_topic_is_compacted_or_deleted_after_a_time() -> None:
    assert set(ALL) == COMPACTED | DELETED.keys()
    for one in COMPACTED:
        assert one.config()["cleanup.policy"] == "compact"
        assert one.config()["delete.retention.ms"] == str(30 * DAY_MS)
        assert "retention.ms" not in one.config()
    for one, retention in DELETED.items():
        assert one.config()["cleanup.policy"] == "delete"
        assert one.config()["retention.ms"] == str(retention)


def test_a_replaced_record_stays_for_a_week_on_the_topic_of_vendor_records_only() -> None:
    stays = {one: int(one.config()["min.compaction.lag.ms"]) for one in COMPACTED}
    assert stays == dict.fromkeys(COMPACTED, 0) | {topics.VENDOR_RECORD: 7 * DAY_MS}
    assert all(int(one.config()["max.compaction.lag.ms"]) == stay + 7 * DAY_MS for one, stay in stays.items())


def test_one_of_three_brokers_may_be_lost_and_the_only_one_restarted() -> None:
    assert {replicas: min_insync_replicas(replicas) for replicas in range(1, 6)} == {1: 1, 2: 1, 3: 2, 4: 2, 5: 2}


def test_every_topic_is_named_once_and_described() -> None:
    declared = {value for value in vars(topics).values() if isinstance(value, Topic)}
    assert declared == set(ALL)
    assert len({one.name for one in ALL}) == len(ALL)
    assert all(one.description and one.key in {"vendor key", "client_id", "run_id", "fingerprint"} for one in ALL)


def test_the_changelogs_name_is_the_one_that_faust_gives_the_table() -> None:
    assert topics.VENDOR_TABLE_CHANGELOG.name == f"{APP_ID}-vendors-changelog"


def test_topics_are_created_once_with_the_same_partitions_and_pass_the_check(admin: AdminClient) -> None:
    wanted = [topic("a"), topic("b", compacted=True)]
    assert create_topics(admin, topics=wanted) == sorted(one.name for one in wanted)
    assert create_topics(admin, topics=wanted) == []
    assert check_topics(admin, wanted) == []
    assert {partition_count(admin, one) for one in wanted} == {DEFAULT_PARTITIONS}


def test_a_missing_topic_is_named(admin: AdminClient) -> None:
    there, missing = topic("there"), topic("missing")
    create_topics(admin, topics=[there], partitions=1)
    assert check_topics(admin, [there, missing]) == [f"Topic {missing.name} is missing: `vive-sync topics` creates it."]
    for ask in (partition_count, topic_id):
        with pytest.raises(TopicsError, match=f"Topic {missing.name} is missing"):
            ask(admin, missing)


def test_differing_numbers_of_partitions_are_named(admin: AdminClient) -> None:
    one, two = sorted((topic("x"), topic("y")), key=lambda each: each.name)
    create_topics(admin, topics=[one], partitions=1)
    create_topics(admin, topics=[two], partitions=2)
    (sentence,) = check_topics(admin, [one, two])
    assert sentence.startswith(
        f"All topics must have the same number of partitions, but have {one.name} 1, {two.name} 2: "
    )


def test_another_number_of_partitions_than_the_setting_is_refused(admin: AdminClient) -> None:
    ours = topic("x")
    create_topics(admin, topics=[ours], partitions=2)
    assert check_topics(admin, [ours], partitions=2) == []
    (sentence,) = check_topics(admin, [ours], partitions=1)
    assert sentence.startswith(f"VIVE_SYNC_PARTITIONS is 1, but not every topic has so many partitions ({ours.name} 2)")


def test_settings_that_are_not_as_declared_are_named_and_fixed(kafka: Broker, admin: AdminClient) -> None:
    compacted, deleted = topic("compacted", compacted=True), topic("deleted")
    create_topic(kafka.bootstrap, compacted.name, config={"cleanup.policy": "delete"})
    create_topic(kafka.bootstrap, deleted.name, config={"retention.ms": "3600000", "max.message.bytes": "2048"})
    problems = check_topics(admin, [compacted, deleted])
    wrong = {problem.partition(", declared is ")[0] for problem in problems}
    assert {
        f"Topic {compacted.name} has cleanup.policy=delete",
        f"Topic {compacted.name} has delete.retention.ms={DAY_MS}",
        f"Topic {deleted.name} has retention.ms=3600000",
        f"Topic {deleted.name} has max.message.bytes=2048",
    } <= wrong
    fixed = fix_topics(admin, [compacted, deleted])
    assert fixed[deleted.name] == {"retention.ms": str(DAY_MS), "max.message.bytes": "1048588"}
    eventually(lambda: check_topics(admin, [compacted, deleted]) == [])
    assert fix_topics(admin, [compacted, deleted]) == {}


def test_too_few_replicas_are_named(admin: AdminClient) -> None:
    ours = topic("x")
    create_topics(admin, topics=[ours], partitions=1)
    (sentence,) = check_topics(admin, [ours], replication=3)
    assert sentence.startswith(f"Topic {ours.name} has partitions with 1 of 3 replicas")


def test_a_topic_that_kafka_refuses_is_reported(admin: AdminClient) -> None:
    refused = replace(topic("x"), name="not a topic name")
    with pytest.raises(TopicsError, match="Topic not a topic name can't be created"):
        create_topics(admin, topics=[refused])


def test_a_recreated_topic_has_another_id(admin: AdminClient) -> None:
    ours = topic("recreated")
    create_topics(admin, topics=[ours], partitions=1)
    first = topic_id(admin, ours)
    assert topic_id(admin, ours) == first
    admin.delete_topics([ours.name])[ours.name].result()
    eventually(lambda: create_topics(admin, topics=[ours], partitions=1) == [ours.name])
    eventually(lambda: check_topics(admin, [ours]) == [])
    assert topic_id(admin, ours) != first
