"""Kafka for development and tests: a named one, a container, one or several nodes on the local Java, or a stand-in."""

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailableError
from devkit.broker.cluster import LocalCluster
from devkit.broker.engines.container import ContainerBroker
from devkit.broker.engines.external import ExternalBroker
from devkit.broker.engines.local import LocalBroker
from devkit.broker.engines.stand_in import StandInBroker
from devkit.broker.start import KindChoice, start_broker

__all__ = [
    "Broker",
    "BrokerKind",
    "BrokerUnavailableError",
    "ContainerBroker",
    "ExternalBroker",
    "KindChoice",
    "LocalBroker",
    "LocalCluster",
    "StandInBroker",
    "start_broker",
]
