"""The ports of the console: everything that the code that starts it must provide."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter

from console.auth.principal import Principal
from console.auth.tokens import Verifier
from console.read_model.queries.read_model import ReadModel
from producers.button import SyncReceipt
from schemas.errors import ViveSyncError
from schemas.records.dead_letter import LetterId
from schemas.records.dead_letter_handled import Action


class RequestSync(Protocol):
    """Requests a sync for a client. The same ``key`` of the same person is the same request: it has the same run."""

    def __call__(self, principal: Principal, client_id: str, *, key: str | None = None) -> SyncReceipt:
        """Request a sync; it returns once Kafka has the request, and blocks for some seconds at most.

        Raises:
            SyncRefusedError: the person is no Client Admin, or the client can't be synced. Nothing was queued.
            KafkaUnavailableError: Kafka does not have it. Nothing was queued.
        """


@dataclass(frozen=True, kw_only=True)
class DeadLetterReceipt:
    """The action on a dead letter, and the person who took it."""

    letter_id: LetterId
    action: Action
    by: str


class DeadLetterUnchangedError(ViveSyncError, RuntimeError):
    """The dead letter was left as it is. The message is the reason, as a sentence."""


class DeadLetterHandler(Protocol):
    """Redrives or discards a dead letter of a client."""

    def __call__(
        self, principal: Principal, client_id: str, letter_id: LetterId, *, note: str = ""
    ) -> DeadLetterReceipt | None:
        """Redrive or discard it; None: this client has no such dead letter.

        Raises:
            DeadLetterUnchangedError: it was handled already, or can't be redriven.
            KafkaUnavailableError: Kafka does not have it. Doing it again is safe.
        """


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the console can do its work."""

    database: bool
    projector: bool
    """Whether it runs, and reads on or waits for a known reason."""
    caught_up: bool
    """Whether it has projected all that the topics held at its last check."""

    @property
    def well(self) -> bool:
        """Whether people can be served."""
        return self.database and self.projector


@dataclass(frozen=True, kw_only=True)
class ConsolePorts:
    """Everything that the app needs."""

    read_model: ReadModel
    request_sync: RequestSync
    redrive: DeadLetterHandler
    discard: DeadLetterHandler
    verifier: Verifier
    health: Callable[[], Health]
    sign_in_page: APIRouter | None = None
    """The sign-in page for a person's own machine; None: people sign in elsewhere."""
