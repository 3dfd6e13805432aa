from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devkit.broker import BrokerUnavailableError, LocalBroker, start_broker
from devkit.broker.jars import cache_folder, kafka_jars
from devkit.broker.java import java_major
from devkit.broker.settings import NodePlan, Voter, as_properties, as_variables, common_settings, local_settings

FETCHING_MAVEN = """#!/bin/sh
for word; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done
echo fetched >>"$LOG"; mkdir "$out"; for i in 1 2 3 4 5; do sleep 0.05; touch "$out/$i.jar"; done
"""


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def test_without_java_one_sentence_names_what_to_install() -> None:
    with pytest.raises(BrokerUnavailableError) as caught:
        start_broker("local", environ={"PATH": ""})
    assert str(caught.value) == (
        "No Java is here to run Apache Kafka on: install Java 17 or newer (on Debian: openjdk-17-jre-headless), "
        "start a Docker engine, or name a running Kafka in VIVE_SYNC_KAFKA."
    )


def test_a_java_too_old_is_reported(tmp_path: Path) -> None:
    program(tmp_path, "java", "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    with pytest.raises(
        BrokerUnavailableError, match="is Java 11, and Apache Kafka 4 wants 17 or newer: install Java 17"
    ):
        LocalBroker.start(environ={"PATH": str(tmp_path)})


def test_without_maven_one_sentence_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailableError, match="no Maven is here to fetch it: install Maven"):
        kafka_jars({"PATH": "", "XDG_CACHE_HOME": str(tmp_path)})


def test_whoever_comes_second_waits_for_the_first_to_fetch(tmp_path: Path) -> None:
    program(tmp_path, "mvn", FETCHING_MAVEN)
    log = tmp_path / "log"
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "LOG": str(log)}
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(kafka_jars, [environ] * 4))
    assert set(folders) == {cache_folder(environ) / "lib"}
    assert sorted(jar.name for jar in folders[0].iterdir()) == ["1.jar", "2.jar", "3.jar", "4.jar", "5.jar"]
    assert log.read_text(encoding="utf-8") == "fetched\n"
    assert sorted(path.name for path in folders[0].parent.iterdir()) == ["lib", "lock"]


def test_a_fetch_that_fails_or_was_broken_off_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    program(tmp_path, "mvn", "#!/bin/sh\necho '[ERROR] no route to host'; exit 1\n")
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    broken_off = cache_folder(environ) / "unfinished-by-a-power-cut"
    broken_off.mkdir(parents=True)
    with pytest.raises(BrokerUnavailableError, match=r"Maven could not fetch .* it says:\n\[ERROR\] no route to host"):
        kafka_jars(environ)
    assert [path.name for path in cache_folder(environ).iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("printed", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_release_of_java_is_read(printed: str, major: int | None) -> None:
    assert java_major(printed) == major


def test_settings_become_the_variables_of_the_image() -> None:
    assert as_variables({"node.id": "1", "a_b.c": "x"}) == {"KAFKA_NODE_ID": "1", "KAFKA_A__B_C": "x"}


def test_settings_become_a_properties_file() -> None:
    assert as_properties({"log.dirs": "C:\\kafka", "node.id": "1"}) == "log.dirs=C:\\\\kafka\nnode.id=1\n"


def test_a_node_of_three_names_all_voters_and_replicates() -> None:
    voters = tuple(Voter(node_id=n, host="127.0.0.1", controller_port=9100 + n) for n in (1, 2, 3))
    settings = local_settings(NodePlan(voter=voters[1], port=9202, voters=voters, log_dir="/data"))
    assert settings["node.id"] == "2"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:9202,CONTROLLER://127.0.0.1:9102"
    assert (settings["offsets.topic.replication.factor"], settings["min.insync.replicas"]) == ("3", "2")


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_no_cluster_asks_for_more_replicas_than_it_has_nodes(nodes: int) -> None:
    settings = common_settings(nodes)
    assert 1 <= int(settings["min.insync.replicas"]) <= int(settings["default.replication.factor"]) <= min(nodes, 3)
