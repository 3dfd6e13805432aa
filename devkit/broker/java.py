"""Finds a Java that can run Kafka."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from devkit.broker.broker import NotInstalledError

OLDEST = 17
_INSTALL = (
    "install Java 17 or newer (on Debian: openjdk-17-jre-headless), start a Docker engine, "
    "or name a running Kafka in VIVE_SYNC_KAFKA"
)


def find_java(environ: Mapping[str, str]) -> Path:
    """The `java` program of JAVA_HOME, or else the first on PATH.

    Raises:
        NotInstalledError: there is none, it does not run, or it is older than Kafka wants.
    """
    home = environ.get("JAVA_HOME", "")
    inside = Path(home, "bin", "java")
    found = str(inside) if home and inside.exists() else shutil.which("java", path=environ.get("PATH", ""))
    if found is None:
        raise NotInstalledError(f"No Java is here to run Apache Kafka on: {_INSTALL}.")
    ran = subprocess.run(  # noqa: S603 - the user's own java
        [found, "-version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )
    major = java_major(ran.stderr + ran.stdout)
    if major is None or major < OLDEST:
        found_version = f"Java {major}" if major else "no usable Java"
        raise NotInstalledError(f"{found} is {found_version}, and Apache Kafka 4 wants {OLDEST} or newer: {_INSTALL}.")
    return Path(found)


def java_major(version_text: str) -> int | None:
    """The feature release in what `java -version` prints ("1.8.0_292" is 8), or None where it prints something else."""
    match = re.search(r'version "(?:1\.)?(\d+)', version_text)
    return int(match.group(1)) if match else None
