"""The console over made-up data, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from uuid_utils import uuid7

from console.app import create_app
from console.auth.dev_issuer import LocalPerson, LocalSignIn
from console.auth.principal import Principal
from console.auth.tokens import Verifier
from console.pages.sign_in_page import sign_in_page
from console.ports import ConsolePorts, DeadLetterReceipt, DeadLetterUnchangedError, Health
from messaging.producer import KafkaUnavailableError
from producers.button import CLIENT_ADMIN, SyncReceipt
from schemas.records.dead_letter import LetterId
from schemas.records.dead_letter_handled import Action
from tests.console.pages.fake_read_model import CLIENT, FakeReadModel
from tests.console.pages.serving import serve
from tests.support.free_port import free_port

PEOPLE = (
    LocalPerson(
        person="dana", name="Dana Reyes", client_id=CLIENT, roles=frozenset({CLIENT_ADMIN}), about="Client Admin"
    ),
    LocalPerson(person="vic", name="Vic Stone", client_id=CLIENT, roles=frozenset({"viewer"}), about="Viewer"),
    LocalPerson(
        person="eve", name="Eve Hart", client_id="other-client", roles=frozenset({CLIENT_ADMIN}), about="Client Admin"
    ),
)


class FakeConsole:
    """Its address, its sign-in, and what its parts answer."""

    def __init__(self) -> None:
        self.sign_in = LocalSignIn(PEOPLE)
        self.kafka_unavailable = False
        self.dead_letter_unchanged = False
        self.keys: list[str | None] = []
        self.url = ""

    def parts(self, read_model: FakeReadModel) -> ConsolePorts:
        return ConsolePorts(
            read_model=read_model,
            request_sync=self.press,
            redrive=self.redrive,
            discard=self.redrive,
            verifier=Verifier([self.sign_in.issuer]),
            health=lambda: Health(database=True, projector=True, caught_up=True),
            sign_in_page=sign_in_page(self.sign_in),
        )

    def press(self, principal: Principal, client_id: str, *, key: str | None = None) -> SyncReceipt:  # noqa: ARG002
        self.keys.append(key)
        if self.kafka_unavailable:
            raise KafkaUnavailableError("Kafka at 127.0.0.1:1 did not take 1 of the records within 3 seconds.")
        return SyncReceipt(run_id=str(uuid7()))

    def redrive(
        self,
        principal: Principal,
        client_id: str,  # noqa: ARG002
        letter_id: LetterId,
        *,
        note: str = "",  # noqa: ARG002
    ) -> DeadLetterReceipt | None:
        if self.dead_letter_unchanged:
            raise DeadLetterUnchangedError("It was redriven by Maria on 2026-03-01 12:00 UTC already.")
        return DeadLetterReceipt(letter_id=letter_id, action=Action.REDRIVEN, by=principal.signature)

    def token(self, person: str = "dana") -> str:
        token = self.sign_in.token_of(person)
        assert token is not None
        return token


@contextmanager
def fake_console(read_model: FakeReadModel) -> Iterator[FakeConsole]:
    """A console over this read model."""
    console = FakeConsole()
    port = free_port()
    with serve(create_app(console.parts(read_model)), port):
        console.url = f"http://127.0.0.1:{port}"
        yield console
