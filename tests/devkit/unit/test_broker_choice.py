from pathlib import Path

import pytest

from devkit.broker.broker import BrokerKind, NotInstalledError
from devkit.broker.choice import Situation, choose
from devkit.broker.engines.local import LocalBroker
from devkit.broker.jars import cache_folder

JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n"


def situation(
    *, named: bool = False, keeps_data: bool = False, first_look: bool = False, failed: bool = False, bare: bool = False
) -> Situation:
    return Situation(
        named=named, keeps_data=keeps_data, first_look=first_look, container_failed=failed, local_missing=bare
    )


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (situation(named=True), "given"),
        (situation(named=True, keeps_data=True), "given"),
        (situation(named=True, first_look=True, failed=True, bare=True), "given"),
        (situation(), "container"),
        (situation(first_look=True), "container"),
        (situation(first_look=True, bare=True), "container"),
        (situation(failed=True), "local"),
        (situation(first_look=True, failed=True), "local"),
        (situation(first_look=True, failed=True, bare=True), "stand-in"),
        (situation(failed=True, bare=True), "local"),
        (situation(keeps_data=True), "local"),
        (situation(keeps_data=True, first_look=True, failed=True, bare=True), "local"),
    ],
)
def test_a_broker_is_chosen_by_what_is_known(known: Situation, kind: BrokerKind) -> None:
    assert choose(known) == kind


def test_java_with_maven_is_enough_for_a_local_kafka_and_so_is_java_with_the_jars(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path / "bin"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    (tmp_path / "bin").mkdir()
    with pytest.raises(NotInstalledError, match="No Java is here"):
        LocalBroker.check_installed(environ)
    program(tmp_path / "bin" / "java", JAVA)
    with pytest.raises(NotInstalledError, match="no Maven is here"):
        LocalBroker.check_installed(environ)
    jars = cache_folder(environ) / "lib"
    jars.mkdir(parents=True)
    LocalBroker.check_installed(environ)
    jars.rmdir()
    program(tmp_path / "bin" / "mvn", "#!/bin/sh\nexit 1\n")
    LocalBroker.check_installed(environ)


def program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
