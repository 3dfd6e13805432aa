"""A Kafka that is already running, named by VIVE_SYNC_KAFKA."""

from collections.abc import Mapping
from typing import ClassVar, Self

from devkit.broker.broker import Broker, BrokerKind, BrokerUnavailableError
from devkit.broker.readiness import wait_until_ready

VARIABLE = "VIVE_SYNC_KAFKA"


class ExternalBroker(Broker):
    """A Kafka that is already running, named by VIVE_SYNC_KAFKA. It is never started, stopped or cleaned here."""

    kind: ClassVar[BrokerKind] = "given"

    @classmethod
    def find(cls, environ: Mapping[str, str], *, ready_seconds: float = 15.0) -> Self:
        """The broker that VIVE_SYNC_KAFKA names.

        Raises:
            BrokerUnavailableError: the variable is not set, or nothing there answered within `ready_seconds`.
        """
        bootstrap = environ.get(VARIABLE, "").strip()
        if not bootstrap:
            raise BrokerUnavailableError(f"{VARIABLE} is not set: give it bootstrap servers, such as 127.0.0.1:9092.")
        try:
            wait_until_ready(bootstrap, seconds=ready_seconds)
        except TimeoutError as error:
            raise BrokerUnavailableError(f"{VARIABLE} names {bootstrap}, where no Kafka answers ({error}).") from error
        return cls(bootstrap)

    def close(self) -> None:
        """Do nothing: the broker was not started here."""
