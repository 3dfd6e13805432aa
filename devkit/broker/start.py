"""Starts a Kafka by the first way that works on this machine."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailableError, NotInstalledError
from devkit.broker.choice import Situation, choose
from devkit.broker.engines.container import IMAGE, ContainerBroker
from devkit.broker.engines.external import VARIABLE, ExternalBroker
from devkit.broker.engines.local import LocalBroker
from devkit.broker.engines.stand_in import StandInBroker

KindChoice = Literal["auto", "given", "container", "local"]
_log = logging.getLogger(__name__)
_INSTEAD: dict[BrokerKind, str] = {
    "local": ": starting Kafka on the local Java instead.",
    "stand-in": (
        ", and Java with Maven is not installed: starting an in-memory stand-in for Kafka; for a first look only."
    ),
}


def start_broker(
    kind: KindChoice = "auto",
    *,
    data_dir: Path | None = None,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    first_look: bool = False,
    image: str = IMAGE,
    environ: Mapping[str, str] = os.environ,
    report: Callable[[str], None] = _log.info,
) -> Broker:
    """A Kafka that answers, by the first way that works here.

    "auto" tries in this order: the broker that VIVE_SYNC_KAFKA names, which must answer; a container, unless data is
    to be kept; the local Java, or a stand-in for Kafka where Java is not installed and `first_look` allows it.

    Args:
        kind: the one way to try; "auto" as above.
        data_dir: where the local kind keeps its data beyond `close()`; without it the data goes with the broker.
        port: for clients, on 127.0.0.1, of a broker started here; any free one when not given.
        settings: broker settings by Kafka's names for a broker started here; they override the default ones.
        first_look: whether a stand-in is enough; it keeps its data in memory and takes no settings.
        image: what the container kind runs.
        environ: the source of VIVE_SYNC_KAFKA, DOCKER_HOST, PATH, JAVA_HOME, HOME and XDG_CACHE_HOME.
        report: receives one line with the reason why a container was not started, and what is started instead.

    Raises:
        BrokerUnavailableError: none could be started; the message gives the reason and what to install or set.
    """
    start: dict[BrokerKind, Callable[[], Broker]] = {
        "given": lambda: ExternalBroker.find(environ),
        "container": lambda: ContainerBroker.start(image=image, port=port, settings=settings, environ=environ),
        "local": lambda: LocalBroker.start(data_dir=data_dir, port=port, settings=settings, environ=environ),
        "stand-in": lambda: StandInBroker.start(port=port, environ=environ),
    }
    if kind != "auto":
        return start[kind]()
    named = bool(environ.get(VARIABLE, "").strip())
    situation = Situation(named=named, keeps_data=data_dir is not None, first_look=first_look)
    return _start_first(start, situation, environ, report)


def _start_first(
    start: Mapping[BrokerKind, Callable[[], Broker]],
    situation: Situation,
    environ: Mapping[str, str],
    report: Callable[[str], None],
) -> Broker:
    chosen = choose(situation)
    if chosen == "container":
        try:
            return start[chosen]()
        except BrokerUnavailableError as error:
            chosen = choose(replace(situation, container_failed=True, local_missing=_local_missing(environ)))
            report(f"{error}{_INSTEAD[chosen]}")
    return start[chosen]()


def _local_missing(environ: Mapping[str, str]) -> bool:
    try:
        LocalBroker.check_installed(environ)
    except NotInstalledError:
        return True
    return False
