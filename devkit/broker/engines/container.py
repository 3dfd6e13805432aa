"""Kafka in a container of the local Docker engine."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from docker.errors import DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailableError
from devkit.broker.death_watch import DeathWatch
from devkit.broker.engine import engine_with
from devkit.broker.jars import KAFKA_VERSION
from devkit.broker.node import new_cluster_id
from devkit.broker.ports import LOOPBACK, reserve_port
from devkit.broker.readiness import wait_until_ready
from devkit.broker.settings import CLIENT_PORT_IN_CONTAINER, as_variables, container_settings

_log = logging.getLogger(__name__)

IMAGE = f"apache/kafka:{KAFKA_VERSION}"
READY_SECONDS = 90.0
_REMOVE = "import docker, sys; docker.from_env().containers.get(sys.argv[1]).remove(force=True, v=True)"


class ContainerBroker(Broker):
    """Apache Kafka's own image in a container on this machine's Docker engine, published only on loopback."""

    kind: ClassVar[BrokerKind] = "container"

    def __init__(self, container: DockerContainer, *, bootstrap: str, death_watch: DeathWatch) -> None:
        super().__init__(bootstrap)
        self._container = container
        self._death_watch = death_watch
        self._closed = False

    @classmethod
    def start(
        cls,
        *,
        image: str = IMAGE,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
        pull_seconds: float = 60.0,
    ) -> Self:
        """Start a container and wait until its Kafka answers (about 5 s).

        Args:
            image: name:tag of an image that takes KAFKA_* variables as apache/kafka does.
            port: for clients, on 127.0.0.1; any free one when not given.
            settings: broker settings by Kafka's names; they override the default ones.
            environ: the source of DOCKER_HOST.
            pull_seconds: the longest that pulling a missing image may take.

        Raises:
            BrokerUnavailableError: no engine on this machine, no image and none to pull, or Kafka did not answer in 90 s.
        """
        # testcontainers' reaper is a second image to pull; the death watch does its work.
        testcontainers_config.ryuk_disabled = True
        engine_with(image, environ=environ, pull_seconds=pull_seconds).client.close()
        reserved = reserve_port(port)
        cluster_id = new_cluster_id()
        container = _container(image, reserved.port, settings or {}, cluster_id)
        broker = cls(
            container, bootstrap=f"{LOOPBACK}:{reserved.port}", death_watch=DeathWatch((sys.executable, "-c", _REMOVE))
        )
        try:
            reserved.release()
            broker._run(image, cluster_id)
        except BaseException:
            broker.close()
            raise
        return broker

    @property
    def container_id(self) -> str:
        """The id by which the engine knows the container."""
        return self._container.get_container_id()

    def close(self) -> None:
        """Remove the container and its volumes."""
        if self._closed:
            return
        self._closed = True
        try:
            self._container.stop()
        except NotFound:
            _log.info("the container of %s was removed by another program", self.bootstrap)
        finally:
            self._death_watch.release()

    def _run(self, image: str, cluster_id: str) -> None:
        try:
            self._container.start()
            self._death_watch.hold(self._container.get_container_id())
        except DockerException as error:
            raise BrokerUnavailableError(f"The Docker engine cannot start {image} ({error})") from error
        try:
            wait_until_ready(self.bootstrap, seconds=READY_SECONDS, cluster_id=cluster_id, check=self._check_alive)
        except TimeoutError as error:
            raise BrokerUnavailableError(f"{image} was {error}; its last lines:\n{self._last_lines()}") from error

    def _check_alive(self) -> None:
        self._container.reload()
        if self._container.status in ("exited", "dead"):
            raise BrokerUnavailableError(f"The container of Kafka ended; its last lines:\n{self._last_lines()}")

    def _last_lines(self) -> str:
        logs: bytes = self._container.get_wrapped_container().logs(tail=15)
        return logs.decode(errors="replace")


def _container(image: str, port: int, settings: Mapping[str, str], cluster_id: str) -> DockerContainer:
    variables = as_variables(container_settings(LOOPBACK, port) | dict(settings))
    container = DockerContainer(image).with_envs(
        **variables, CLUSTER_ID=cluster_id, KAFKA_HEAP_OPTS="-Xmx512m -XX:TieredStopAtLevel=1"
    )
    # with_bind_ports takes only a number, and would publish the port on every address of the machine.
    published: dict[str, Any] = container.ports
    published[f"{CLIENT_PORT_IN_CONTAINER}/tcp"] = (LOOPBACK, port)
    return container
