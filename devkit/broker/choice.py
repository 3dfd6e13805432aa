"""The choice of the kind of broker to start: a pure function."""

from dataclasses import dataclass

from devkit.broker.broker import BrokerKind


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The facts by which a broker is chosen.

    Attributes:
        named: VIVE_SYNC_KAFKA names a Kafka.
        keeps_data: the data must outlive the broker.
        first_look: a stand-in for Kafka is enough.
        container_failed: a container was tried and did not start.
        local_missing: Java or Maven is not installed.
    """

    named: bool
    keeps_data: bool
    first_look: bool
    container_failed: bool = False
    local_missing: bool = False


def choose(situation: Situation) -> BrokerKind:
    """The kind of broker to start next; "local" where only that remains, also if it can only fail."""
    if situation.named:
        return "given"
    if not situation.keeps_data and not situation.container_failed:
        return "container"
    if situation.first_look and not situation.keeps_data and situation.local_missing:
        return "stand-in"
    return "local"
