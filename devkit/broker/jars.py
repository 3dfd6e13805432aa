"""Apache Kafka's jars, fetched by Maven."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from devkit.broker.broker import BrokerUnavailableError, NotInstalledError
from devkit.broker.download import download_once, user_cache

KAFKA_VERSION = "4.3.1"
DOWNLOAD_SECONDS = 600
_POM = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>vive-sync</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the jars, for all brokers of this user."""
    return user_cache(environ, f"kafka-{KAFKA_VERSION}")


def find_maven(environ: Mapping[str, str]) -> str | None:
    """The `mvn` program on PATH, or None where it is not needed because the jars are cached.

    Raises:
        NotInstalledError: the jars are not cached and there is no Maven.
    """
    jars = _jars(environ)
    if jars.is_dir():
        return None
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    if maven is None:
        raise NotInstalledError(
            f"Apache Kafka {KAFKA_VERSION} is not in {jars} yet and no Maven is here to fetch it: install Maven "
            "(on Debian: maven), start a Docker engine, or name a running Kafka in VIVE_SYNC_KAFKA."
        )
    return maven


def kafka_jars(environ: Mapping[str, str]) -> Path:
    """The folder with Apache Kafka's jars, fetched by Maven the first time (44 MB).

    Raises:
        BrokerUnavailableError: the jars are not cached, and Maven is missing or cannot fetch them.
    """
    jars = _jars(environ)
    maven = find_maven(environ)
    if maven is not None:
        download_once(jars, lambda work: _fetch(maven, environ, work))
    return jars


def _jars(environ: Mapping[str, str]) -> Path:
    return cache_folder(environ) / "lib"


def _fetch(maven: str, environ: Mapping[str, str], work: Path) -> None:
    try:
        options = (f"-DoutputDirectory={work / 'lib'}", "-DincludeScope=runtime")
        (work / "pom.xml").write_text(_POM, encoding="utf-8")
        fetched = subprocess.run(  # noqa: S603 - the user's own mvn, with the pom above
            [maven, "-q", "-B", "-C", "-f", str(work / "pom.xml"), "dependency:copy-dependencies", *options],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=DOWNLOAD_SECONDS,
        )
        if fetched.returncode != 0:
            printed = "\n".join(fetched.stdout.splitlines()[:10])
            raise BrokerUnavailableError(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}; it says:\n{printed}")
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailableError(
            f"Maven did not fetch Apache Kafka {KAFKA_VERSION} within {DOWNLOAD_SECONDS} s."
        ) from error
