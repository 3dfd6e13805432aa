import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from devkit.broker import LocalBroker, LocalCluster
from messaging.topic_admin import admin_of, create_topics
from schemas.topics import ALL, DEFAULT_PARTITIONS, VENDOR_RECORD
from tests.support.alive import alive
from tests.support.eventually import eventually
from tests.support.slowness import patient
from tests.support.topics import QUIET

OFFSETS_TOPIC = "__consumer_offsets"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Three nodes with the product's topics; each test leaves all of them running and in sync."""
    with LocalCluster.start() as started:
        create_topics(admin_of(started.bootstrap))
        yield started


class Writer:
    """Writes numbers to a topic of the product, with acks=all, and knows which are acknowledged."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.acknowledged: list[int] = []
        self.refused: list[KafkaError] = []
        self._producer = Producer(
            {
                "bootstrap.servers": cluster.bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "socket.timeout.ms": int(patient(3000)),  # of a broker that stands still; 60 s by default
                **QUIET,
            }
        )

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self._producer.produce(
                VENDOR_RECORD.name,
                key=str(number),
                value=str(number),
                partition=number % DEFAULT_PARTITIONS,
                on_delivery=self._delivered,
            )

    def unanswered(self, *, seconds: float) -> int:
        """How many are neither acknowledged nor refused yet, after this time at most."""
        return int(self._producer.flush(seconds))

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.acknowledged.append(int(message.value() or b""))
        else:
            self.refused.append(error)


class Reader:
    """Reads the numbers of a topic of the product as a group, which commits."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.seen: set[int] = set()
        self._consumer = Consumer(
            {
                "bootstrap.servers": cluster.bootstrap,
                "group.id": uuid.uuid4().hex,
                "auto.offset.reset": "earliest",
                **QUIET,
            }
        )
        self._consumer.subscribe([VENDOR_RECORD.name])

    def read_until(self, numbers: set[int]) -> None:
        def all_seen() -> bool:
            self.seen |= {
                int(message.value() or b"") for message in self._consumer.consume(1000, 0.2) if not message.error()
            }
            return numbers <= self.seen

        eventually(all_seen, seconds=30)

    def close(self) -> None:
        self._consumer.commit(asynchronous=False)
        self._consumer.close()


def leader(cluster: LocalCluster) -> int:
    """The node that leads the first partition of the topic written to."""
    metadata = admin_of(cluster.bootstrap).list_topics(VENDOR_RECORD.name, timeout=patient(30))
    return int(metadata.topics[VENDOR_RECORD.name].partitions[0].leader)


def replicas(cluster: LocalCluster, topic: str) -> set[int]:
    """The numbers of replicas that the topic's partitions have."""
    partitions = admin_of(cluster.bootstrap).list_topics(topic, timeout=patient(30)).topics[topic].partitions
    return {len(partition.replicas) for partition in partitions.values()}


def all_in_sync(cluster: LocalCluster) -> bool:
    topics = admin_of(cluster.bootstrap).list_topics(timeout=patient(30)).topics.values()
    return all(len(partition.isrs) == 3 for topic in topics for partition in topic.partitions.values())


def test_the_products_topics_have_three_replicas_of_which_two_acknowledge(cluster: LocalCluster) -> None:
    admin = admin_of(cluster.bootstrap)
    assert set(admin.list_topics(timeout=patient(30)).brokers) == set(cluster.nodes) == {1, 2, 3}
    for topic in ALL:
        assert replicas(cluster, topic.name) == {3}
        (asked,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name)]).values()
        settings = asked.result(patient(30))
        assert settings["min.insync.replicas"].value == "2"
        assert settings["unclean.leader.election.enable"].value == "false"


def test_one_killed_node_costs_seconds_and_no_record_and_with_two_gone_nothing_is_acknowledged(
    cluster: LocalCluster,
) -> None:
    writer, reader = Writer(cluster), Reader(cluster)
    writer.write(*range(1000))
    assert writer.unanswered(seconds=patient(30)) == 0
    reader.read_until(set(range(1000)))
    assert replicas(cluster, OFFSETS_TOPIC) == {3}
    killed = leader(cluster)
    cluster.kill(killed)
    assert not cluster.running(killed)
    writer.write(*range(1000, 2000))
    assert writer.unanswered(seconds=patient(30)) == 0
    reader.read_until(set(range(2000)))
    reader.close()
    second = leader(cluster)
    cluster.kill(second)
    writer.write(*range(2000, 2012))
    assert writer.unanswered(seconds=2) == 12
    cluster.restart(second)
    assert writer.unanswered(seconds=patient(30)) == 0
    assert not writer.refused
    assert sorted(writer.acknowledged) == list(range(2012))
    cluster.restart(killed)
    assert all(map(cluster.running, cluster.nodes))
    eventually(lambda: all_in_sync(cluster))


def test_a_paused_leader_is_replaced_and_catches_up_when_it_goes_on(cluster: LocalCluster) -> None:
    writer = Writer(cluster)
    writer.write(0)
    assert writer.unanswered(seconds=patient(30)) == 0
    paused = leader(cluster)
    cluster.pause(paused)
    try:
        assert cluster.running(paused)
        writer.write(0)
        assert writer.unanswered(seconds=patient(30)) == 0
    finally:
        cluster.resume(paused)
    eventually(lambda: all_in_sync(cluster))
    assert len(writer.acknowledged) == 2


def test_a_paused_local_broker_answers_when_it_goes_on_and_can_be_started_anew() -> None:
    with LocalBroker.start() as broker:
        admin = admin_of(broker.bootstrap)
        first = broker.pid
        broker.pause()
        assert broker.running
        with pytest.raises(KafkaException, match=r"Timed out|transport failure"):
            admin.list_topics(timeout=0.5)
        broker.resume()
        assert broker.pid == first
        assert admin.list_topics(timeout=patient(30)).brokers
        broker.pause()
        broker.restart()
        assert "shut down completed" in broker.log_file.read_text(encoding="utf-8")
        assert broker.pid != first


def test_a_node_that_does_not_exist_is_reported(cluster: LocalCluster) -> None:
    with pytest.raises(ValueError, match=r"The cluster has the nodes 1, 2, 3, but no 4\."):
        cluster.kill(4)


def test_a_data_folder_that_is_given_outlives_the_cluster(tmp_path: Path) -> None:
    folder, disk = tmp_path / "cluster", tmp_path / "disk"
    with LocalCluster.start(nodes=1, data_dir=folder, disks={1: disk}) as first:
        create_topics(admin_of(first.bootstrap))
        pid = first.pid(1)
        first.stop(1)
        with pytest.raises(RuntimeError, match="not running"):
            first.pause(1)
    assert not alive(pid)
    assert (disk / "data" / "meta.properties").exists()
    with LocalCluster.start(nodes=1, data_dir=folder, disks={1: disk}) as again:
        assert {topic.name for topic in ALL} <= set(admin_of(again.bootstrap).list_topics(timeout=patient(30)).topics)


def test_a_cluster_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "from devkit.broker import LocalCluster; c = LocalCluster.start()\n"
        "c.pause(2); print(*(c.pid(n) for n in c.nodes), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    ) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 3
        starter.send_signal(signal.SIGKILL)
    eventually(lambda: not any(map(alive, pids)))
    eventually(lambda: not list(tmp_path.iterdir()))
