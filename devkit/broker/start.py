import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from devkit.broker.broker import Broker, BrokerUnavailable
from devkit.broker.engines.container import IMAGE, ContainerBroker
from devkit.broker.engines.external import VARIABLE, ExternalBroker
from devkit.broker.engines.local import LocalBroker

KindChoice = Literal["auto", "given", "container", "local"]
_log = logging.getLogger(__name__)


def start_broker(
    kind: KindChoice = "auto",
    *,
    data_dir: Path | None = None,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    image: str = IMAGE,
    environ: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = _log.info,
) -> Broker:
    """A Kafka that answers, by the first way that works here.

    "auto" tries in this order: the broker that VIVE_SYNC_KAFKA names (one that is named and does not answer is an
    error, not a reason to take another); a container; the local Java. Data that is to be kept skips the container.

    Args:
        kind: "auto", or the one way to try.
        data_dir: where the local kind keeps its data beyond `close()`; without it the data goes with the broker.
        port: for clients, on 127.0.0.1, of a broker started here; any free one when not given.
        settings: broker settings by Kafka's names, over ours, for a broker started here.
        image: what the container kind runs.
        environ: where VIVE_SYNC_KAFKA, DOCKER_HOST, PATH, JAVA_HOME, HOME and XDG_CACHE_HOME are looked up.
        say: told in one line why a way was left for the next.

    Raises:
        BrokerUnavailable: nothing worked; the message says why and what to install or set.
    """

    def container() -> Broker:
        return ContainerBroker.start(image=image, port=port, settings=settings, environ=environ)

    def local() -> Broker:
        return LocalBroker.start(data_dir=data_dir, port=port, settings=settings, environ=environ)

    match kind:
        case "given":
            return ExternalBroker.find(environ)
        case "container":
            return container()
        case "local":
            return local()
        case "auto":
            if environ.get(VARIABLE, "").strip():
                return ExternalBroker.find(environ)
            if data_dir is None:
                try:
                    return container()
                except BrokerUnavailable as error:
                    say(f"{error}: starting Kafka on the local Java instead.")
            return local()
