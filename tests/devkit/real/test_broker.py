import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Literal

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from devkit.broker import Broker, BrokerUnavailableError, ContainerBroker, ExternalBroker, LocalBroker, start_broker
from devkit.broker.engine import engine_with
from devkit.broker.engines.container import IMAGE
from devkit.broker.ports import PortReservation
from tests.support.alive import alive
from tests.support.eventually import eventually
from tests.support.slowness import patient

NO_SUCH_IMAGE = "vive-sync/no-such-image:1"


@pytest.fixture
def docker() -> None:
    """Skips the test where no Docker engine has the image of Kafka."""
    try:
        engine_with(IMAGE, environ=os.environ, pull_seconds=patient(60)).client.close()
    except BrokerUnavailableError as error:
        pytest.skip(str(error))


def produce(broker: Broker, *values: str, topic: str = "letters") -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    if topic not in admin.list_topics(timeout=patient(30)).topics:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(patient(30))
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})
    for value in values:
        producer.produce(topic, value.encode())
    assert producer.flush(patient(30)) == 0


def consume(broker: Broker, count: int, topic: str = "letters", *, as_group: bool = False) -> list[str]:
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    if as_group:
        consumer.subscribe([topic])
    else:
        consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        messages = consumer.consume(count, timeout=patient(30))
    finally:
        consumer.close()
    return [(message.value() or b"").decode() for message in messages]


def cluster_id(broker: Broker) -> str:
    return str(AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=patient(30)).cluster_id)


def test_the_broker_named_in_the_environment_is_used_and_not_stopped(kafka: Broker) -> None:
    with start_broker(environ={"VIVE_SYNC_KAFKA": kafka.bootstrap}) as given:
        assert (given.kind, given.bootstrap) == ("given", kafka.bootstrap)
    assert cluster_id(kafka) != str(None)


def test_a_named_broker_that_does_not_answer_is_an_error_and_no_reason_to_start_another() -> None:
    reserved = PortReservation()
    with pytest.raises(BrokerUnavailableError, match=f"names 127.0.0.1:{reserved.port}, where no Kafka answers"):
        ExternalBroker.find({"VIVE_SYNC_KAFKA": f"127.0.0.1:{reserved.port}"}, ready_seconds=0.5)
    reserved.release()
    with pytest.raises(BrokerUnavailableError, match="VIVE_SYNC_KAFKA is not set"):
        start_broker("given", environ={})


def test_a_local_broker_keeps_its_data_and_port_through_kill_and_stop() -> None:
    with LocalBroker.start() as broker:
        first, bootstrap = broker.pid, broker.bootstrap
        produce(broker, "a", "b")
        broker.kill()
        assert not broker.running
        assert not alive(first)
        broker.restart()
        produce(broker, "c")
        broker.stop()
        broker.restart()
        assert broker.pid != first
        assert broker.bootstrap == bootstrap
        assert consume(broker, 3, as_group=True) == ["a", "b", "c"]
        last = broker.pid
    assert not alive(last)
    broker.close()


def test_a_data_folder_that_is_given_outlives_the_broker_and_a_damaged_one_is_reported(tmp_path: Path) -> None:
    with start_broker(data_dir=tmp_path) as broker:
        assert broker.kind == "local"
        produce(broker, "kept")
        cluster = cluster_id(broker)
    with LocalBroker.start(data_dir=tmp_path) as again:
        assert consume(again, 1) == ["kept"]
        assert cluster_id(again) == cluster
        marks = tmp_path / "data" / "meta.properties"
        marks.write_text(marks.read_text(encoding="utf-8").replace("node.id=1", "node.id=7"), encoding="utf-8")
        with pytest.raises(BrokerUnavailableError, match=r"(?s)ended with code 1; its last lines:.*node id 7"):
            again.restart()


def test_two_brokers_at_once_do_not_meet() -> None:
    with LocalBroker.start() as one, LocalBroker.start() as other:
        assert cluster_id(one) != cluster_id(other)
        produce(one, "one")
        produce(other, "other")
        assert (consume(one, 1), consume(other, 1)) == (["one"], ["other"])


def test_a_port_that_is_taken_is_reported() -> None:
    with LocalBroker.start() as broker:
        port = int(broker.bootstrap.rpartition(":")[2])
        with pytest.raises(BrokerUnavailableError, match=f"Port {port} on 127.0.0.1 is taken"):
            LocalBroker.start(port=port)


@pytest.mark.usefixtures("docker")
def test_a_container_broker_takes_and_gives_and_is_removed() -> None:
    with start_broker("container", environ={}) as broker:
        assert isinstance(broker, ContainerBroker)
        produce(broker, "a", "b")
        assert consume(broker, 2, as_group=True) == ["a", "b"]
        name = broker.container_id
        assert container_exists(name)
    assert not container_exists(name)
    broker.close()


@pytest.mark.usefixtures("docker")
def test_an_engine_without_the_image_is_left_for_java_in_one_line() -> None:
    lines: list[str] = []
    with start_broker(image=NO_SUCH_IMAGE, environ=without_given(), report=lines.append) as broker:
        assert broker.kind == "local"
    (line,) = lines
    assert line.startswith(f"The Docker engine has no image {NO_SUCH_IMAGE} and cannot pull it")
    assert "\n" not in line


def test_an_engine_on_another_machine_is_left_for_java_in_one_line() -> None:
    lines: list[str] = []
    environ = without_given() | {"DOCKER_HOST": "tcp://192.0.2.1:2375"}
    with start_broker(environ=environ, report=lines.append) as broker:
        assert broker.kind == "local"
    assert lines == [
        "The Docker engine at tcp://192.0.2.1:2375 is not this machine's: starting Kafka on the local Java instead."
    ]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_local_broker_dies_with_the_process_that_started_it(end: signal.Signals, tmp_path: Path) -> None:
    pid = int(printed_by_a_process_that_then_dies("local", "pid", end, tmp_path))
    eventually(lambda: not alive(pid))
    eventually(lambda: not list(tmp_path.iterdir()))


@pytest.mark.usefixtures("docker")
def test_a_container_is_removed_with_the_process_that_started_it(tmp_path: Path) -> None:
    name = printed_by_a_process_that_then_dies("container", "container_id", signal.SIGKILL, tmp_path)
    eventually(lambda: not container_exists(name))


def printed_by_a_process_that_then_dies(
    kind: Literal["local", "container"], what: str, end: signal.Signals, temporary: Path
) -> str:
    program = f"from devkit.broker import *; b = start_broker({kind!r}); print(b.{what}, flush=True); input()"
    environ = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
    ) as starter:
        assert starter.stdout is not None
        printed = starter.stdout.readline().strip()
        assert printed
        starter.send_signal(end)
    return printed


def container_exists(container_id: str) -> bool:
    client = engine_with(IMAGE, environ=os.environ, pull_seconds=1).client
    try:
        return bool(client.containers.list(all=True, filters={"id": container_id}))
    finally:
        client.close()


def without_given() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "VIVE_SYNC_KAFKA"}
