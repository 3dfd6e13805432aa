"""Connects to the Docker engine of this machine and pulls images."""

import socket
import time
from collections.abc import Mapping
from typing import Any

from docker.errors import DockerException, ImageNotFound
from testcontainers.core.docker_client import DockerClient

from devkit.broker.broker import BrokerUnavailableError

DEFAULT_SOCKET = "/var/run/docker.sock"
SILENCE_SECONDS = 30


def engine_with(image: str, *, environ: Mapping[str, str], pull_seconds: float) -> DockerClient:
    """A client of the Docker engine on this machine, which has the image then.

    Args:
        image: name:tag.
        environ: the source of DOCKER_HOST.
        pull_seconds: the longest that pulling a missing image may take.

    Raises:
        BrokerUnavailableError: no engine answers here, or it neither has nor gets the image.
    """
    address = environ.get("DOCKER_HOST", "")
    if address.startswith(("tcp:", "ssh:", "http:", "https:")):
        raise BrokerUnavailableError(f"The Docker engine at {address} is not this machine's")
    _check_listening(address.removeprefix("unix://") or DEFAULT_SOCKET)
    try:
        client = DockerClient(timeout=SILENCE_SECONDS)
        client.client.ping()
    except (DockerException, OSError) as error:
        raise BrokerUnavailableError("No Docker engine answers") from error
    try:
        _ensure_image(client.client, image, pull_seconds)
    except BaseException:
        client.client.close()
        raise
    return client


def _check_listening(path: str) -> None:
    """Make sure that a server listens at the engine's socket: where none does, the docker package leaks its own socket."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(SILENCE_SECONDS)
            probe.connect(path)
    except OSError as error:
        raise BrokerUnavailableError("No Docker engine answers") from error


def _ensure_image(engine: Any, image: str, pull_seconds: float) -> None:
    try:
        engine.images.get(image)
    except ImageNotFound:
        name, _, tag = image.rpartition(":")
        _pull(engine, name, tag, pull_seconds)


def _pull(engine: Any, name: str, tag: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    failed = f"The Docker engine has no image {name}:{tag} and"
    try:
        for event in engine.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise BrokerUnavailableError(f"{failed} cannot pull it ({event['error']})")
            if time.monotonic() > deadline:
                raise BrokerUnavailableError(f"{failed} did not pull it within {seconds:g} s")
    except (DockerException, OSError) as error:
        reason = str(getattr(error, "explanation", None) or error).splitlines()[0]
        raise BrokerUnavailableError(f"{failed} cannot pull it ({reason})") from error
