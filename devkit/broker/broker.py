"""The interface that all brokers share, and the errors of starting one."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import ClassVar, Literal, Self

from schemas.errors import ViveSyncError

BrokerKind = Literal["given", "container", "local", "stand-in"]


class BrokerUnavailableError(ViveSyncError):
    """No Kafka of the requested kind can be started; the message gives the reason and the remedy."""


class NotInstalledError(BrokerUnavailableError):
    """A program that this kind of broker needs is not installed, or too old."""


class Broker(ABC):
    """A Kafka that answers from the moment the object exists until `close()`; also a context manager."""

    kind: ClassVar[BrokerKind]

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    @property
    def bootstrap(self) -> str:
        """Bootstrap servers, as in "127.0.0.1:9092"; the same until `close()`."""
        return self._bootstrap

    @abstractmethod
    def close(self) -> None:
        """Stop and remove everything that was started for this broker. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
