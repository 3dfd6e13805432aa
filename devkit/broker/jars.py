import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devkit.broker.broker import BrokerUnavailable

KAFKA_VERSION = "4.3.1"
DOWNLOAD_SECONDS = 600
_UNFINISHED = "unfinished-"
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
    """Where the jars are kept for all brokers of this user."""
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home(), ".cache")
    return Path(home, "vive-sync", f"kafka-{KAFKA_VERSION}")


def kafka_jars(environ: Mapping[str, str]) -> Path:
    """The folder with Apache Kafka's jars, fetched by Maven the first time (44 MB).

    Whoever comes second while the first still fetches waits for it; a fetch that is broken off leaves nothing that
    is taken for whole.

    Raises:
        BrokerUnavailable: the jars are not cached, and Maven is missing or cannot fetch them.
    """
    cache = cache_folder(environ)
    jars = cache / "lib"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    if maven is None:
        raise BrokerUnavailable(
            f"Apache Kafka {KAFKA_VERSION} is not in {jars} yet and no Maven is here to fetch it: install Maven "
            "(on Debian: maven), start a Docker engine, or name a running Kafka in VIVE_SYNC_KAFKA."
        )
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / "lock"):
        if not jars.is_dir():
            for left_over in cache.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left_over)
            _fetch(maven, environ, cache, jars)
    return jars


def _fetch(maven: str, environ: Mapping[str, str], cache: Path, jars: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
    try:
        options = (f"-DoutputDirectory={work / 'lib'}", "-DincludeScope=runtime")
        (work / "pom.xml").write_text(_POM, encoding="utf-8")
        fetched = subprocess.run(  # noqa: S603 - the user's own mvn, on a pom of ours
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
            said = "\n".join(fetched.stdout.splitlines()[:10])
            raise BrokerUnavailable(f"Maven could not fetch Apache Kafka {KAFKA_VERSION}; it says:\n{said}")
        (work / "lib").rename(jars)
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailable(
            f"Maven did not fetch Apache Kafka {KAFKA_VERSION} within {DOWNLOAD_SECONDS} s."
        ) from error
    finally:
        shutil.rmtree(work)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
