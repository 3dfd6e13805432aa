"""A Kafka at once: one that is named, one in a container, one on the local Java, several nodes of that, or a stand-in."""

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailable
from devkit.broker.cluster import LocalCluster
from devkit.broker.container import ContainerBroker
from devkit.broker.given import GivenBroker
from devkit.broker.local import LocalBroker
from devkit.broker.stand_in import StandInBroker
from devkit.broker.start import KindChoice, start_broker

__all__ = [
    "Broker",
    "BrokerKind",
    "BrokerUnavailable",
    "ContainerBroker",
    "GivenBroker",
    "KindChoice",
    "LocalBroker",
    "LocalCluster",
    "StandInBroker",
    "start_broker",
]
