import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer

from devkit.broker import BrokerUnavailableError, LocalBroker
from devkit.small_disk import SmallDiskUnavailableError, fill, small_disk
from messaging.topic_reader import TopicReader
from tests.support.eventually import eventually
from tests.support.slowness import patient
from tests.support.topics import QUIET, create_topic

MEGABYTES = 32
TOPIC = "letters"
MILLISECONDS = int(patient(5000))
"""How long a broker may take to acknowledge."""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk; skips the test where none can be had."""
    try:
        with small_disk(MEGABYTES) as folder:
            yield folder
    except SmallDiskUnavailableError as error:
        pytest.skip(str(error))


class Writer:
    """Writes numbered records with acks=all, and knows which were acknowledged, and with what error the others failed."""

    def __init__(self, bootstrap: str) -> None:
        self.acknowledged: set[int] = set()
        self.failed: dict[int, int] = {}
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "acks": "all", "message.timeout.ms": MILLISECONDS, **QUIET}
        )

    def write(self, *numbers: int, size: int, partition: int) -> None:
        for number in numbers:
            self._producer.produce(
                TOPIC, key=str(number), value=bytes(size), partition=partition, on_delivery=self._delivered
            )
        assert self._producer.flush(patient(30)) == 0

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        number = int(message.key() or b"")
        if error is None:
            self.acknowledged.add(number)
        else:
            self.failed[number] = error.code()


def numbers_on(bootstrap: str) -> set[int]:
    with TopicReader(bootstrap, [TOPIC], seconds=patient(30)) as reader:
        return {int(record.key or b"") for record in reader.to_end()}


def test_a_disk_gets_full_and_has_room_again(disk: Path) -> None:
    ballast = fill(disk)
    assert MEGABYTES * 2**20 * 0.9 < ballast.stat().st_size <= MEGABYTES * 2**20
    with pytest.raises(OSError, match="No space left") as caught:
        (disk / "letter").write_bytes(bytes(100_000))
    assert caught.value.errno == errno.ENOSPC
    ballast.unlink()
    (disk / "letter").write_bytes(bytes(100_000))


@pytest.mark.usefixtures("disk")
def test_a_disk_goes_while_a_file_is_open_on_it_and_when_its_user_fails() -> None:
    with small_disk(1) as folder:
        held = (folder / "open").open("wb")
    assert not folder.exists()
    held.write(b"still there for whoever holds it")
    held.close()
    seen: list[Path] = []
    with pytest.raises(FileNotFoundError):
        fail_on_a_disk(seen)
    assert not seen[0].exists()


def fail_on_a_disk(seen: list[Path]) -> None:
    with small_disk(1) as folder:
        seen.append(folder)
        (folder / "nothing").read_bytes()


@pytest.mark.usefixtures("disk")
def test_a_disk_goes_with_the_process_that_made_it(tmp_path: Path) -> None:
    program = "from devkit.small_disk import *\nwith small_disk(1) as d: print(d, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    ) as maker:
        assert maker.stdout is not None
        folder = Path(maker.stdout.readline().strip())
        assert folder.is_mount()
        maker.send_signal(signal.SIGKILL)
    eventually(lambda: not folder.exists())


def test_without_the_right_to_mount_it_fails_with_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "mount"
    refusing.write_text("#!/bin/sh\necho 'mount: permission denied.' >&2; exit 1\n", encoding="utf-8")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with (
        pytest.raises(
            SmallDiskUnavailableError, match=r"takes the right to mount .*; mount says: mount: permission denied\."
        ),
        small_disk(1),
    ):
        raise AssertionError("there is no disk")


def test_a_broker_with_a_full_disk_ends_and_has_every_acknowledged_record_once_there_is_room(disk: Path) -> None:
    with LocalBroker.start(disk=disk) as broker:
        create_topic(broker.bootstrap, TOPIC, partitions=2)
        writer = Writer(broker.bootstrap)
        writer.write(*range(100), size=1000, partition=0)
        # The next record of this partition is the first that is to be in its index, which has no block yet.
        writer.write(100, size=5000, partition=1)
        assert writer.acknowledged == set(range(101))
        ballast = fill(disk)
        # It fits behind the one before, in the same block.
        writer.write(101, size=10, partition=1)
        assert writer.failed == {101: KafkaError.UNKNOWN}
        writer.write(*range(200, 300), size=1000, partition=0)
        eventually(lambda: not broker.running)
        printed = broker.log_file.read_text(encoding="utf-8")
        assert "java.io.IOException: No space left on device" in printed
        with pytest.raises(BrokerUnavailableError, match="ended with code 1"):
            broker.restart()
        ballast.unlink()
        broker.restart()
        there = numbers_on(broker.bootstrap)
        assert writer.acknowledged <= there <= writer.acknowledged | writer.failed.keys()
        assert 101 in there
        writer.write(1000, size=1000, partition=0)
        assert 1000 in numbers_on(broker.bootstrap)
