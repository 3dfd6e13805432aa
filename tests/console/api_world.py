"""The app over a small read model, with ports that record what they are called with."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from uuid_utils import uuid7

from console.app import create_app
from console.auth.dev_issuer import LocalPerson, LocalSignIn
from console.auth.principal import Principal
from console.auth.tokens import Verifier
from console.pages.sign_in_page import sign_in_page
from console.ports import ConsolePorts, DeadLetterReceipt, DeadLetterUnchangedError, Health
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from messaging.producer import KafkaUnavailableError
from producers.button import CLIENT_ADMIN, SyncReceipt, SyncRefusedError
from schemas.records.dead_letter import LetterId
from schemas.records.dead_letter_handled import Action
from schemas.records.integration import ineligible_reason
from schemas.records.outcome import Change, LeftAlone, Status
from schemas.wire.codec import RegistryUnavailableError
from tests.support.issuer import TestIssuer
from tests.support.projected import Projected, dead_letter, integration, outcome, record, run_of

ACME, GLOBEX = "acme", "globex"
RUN = "01978d3c-5a7e-7c11-a0d2-3b1f6f1f0c55"
HTML = "<script>alert('1')</script>&\u2028"
HERE = "https://console.test"
PEOPLE = (
    LocalPerson(
        person="dana", name="Dana", client_id=ACME, roles=frozenset({CLIENT_ADMIN}), about="Client Admin of Acme"
    ),
    LocalPerson(person="vera", name="Vera", client_id=ACME, roles=frozenset(), about="Without the role"),
)


WELL = Health(database=True, projector=True, caught_up=True)


@dataclass
class RecordedActions:
    """Ports that record the requests and perform none."""

    read_model: ReadModel
    requested: list[tuple[str, str, str | None]] = field(default_factory=list)
    handled: list[tuple[str, str, str, str]] = field(default_factory=list)
    kafka_unavailable: bool = False
    registry_unavailable: bool = False

    def press(self, principal: Principal, client_id: str, *, key: str | None = None) -> SyncReceipt:
        view = self.read_model.client(client_id)
        refusal = ineligible_reason(client_id, None if view is None else view.integration)
        if refusal is not None:
            raise SyncRefusedError(refusal)
        self._reach_kafka()
        self.requested.append((principal.signature, client_id, key))
        return SyncReceipt(run_id=str(uuid7()))

    def redrive(
        self, principal: Principal, client_id: str, letter_id: LetterId, *, note: str = ""
    ) -> DeadLetterReceipt | None:
        return self._handle(Action.REDRIVEN, principal, client_id, letter_id, note)

    def discard(
        self, principal: Principal, client_id: str, letter_id: LetterId, *, note: str = ""
    ) -> DeadLetterReceipt | None:
        return self._handle(Action.DISCARDED, principal, client_id, letter_id, note)

    def _handle(
        self, action: Action, principal: Principal, client_id: str, letter_id: LetterId, note: str
    ) -> DeadLetterReceipt | None:
        found = self.read_model.dead_letter(client_id, str(letter_id))
        if found is None:
            return None
        if found[0].state != "open":
            raise DeadLetterUnchangedError("It was handled already.")
        self._reach_kafka()
        self.handled.append((action.value, principal.signature, str(letter_id), note))
        return DeadLetterReceipt(letter_id=letter_id, action=action, by=principal.signature)

    def _reach_kafka(self) -> None:
        if self.kafka_unavailable:
            raise KafkaUnavailableError("Kafka did not take it. Nothing is lost: try again when it is back.")
        if self.registry_unavailable:
            raise RegistryUnavailableError("The schema registry does not answer.")


@dataclass
class World:
    """The console over a small read model."""

    app: FastAPI
    actions: RecordedActions
    engine: Engine
    projected: Projected
    issuer: TestIssuer
    health: Health = WELL

    def bearer(self, client_id: str = ACME, /, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(client_id, **claims)}"}


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Projected]:
    """A database to copy, and what filled it."""
    path = tmp_path_factory.mktemp("filled") / "read-model.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    projected = Projected(engine)
    fill(projected)
    engine.dispose()
    return path, projected


@pytest.fixture
def world(tmp_path: Path, filled: tuple[Path, Projected], issuer: TestIssuer) -> Iterator[World]:
    path, before = filled
    engine = open_engine(f"sqlite:///{shutil.copy(path, tmp_path)}")
    projected = Projected(engine, after=before)
    read_model = ReadModel(engine)
    actions = RecordedActions(read_model)
    sign_in = LocalSignIn(PEOPLE)
    parts = ConsolePorts(
        read_model=read_model,
        request_sync=actions.press,
        redrive=actions.redrive,
        discard=actions.discard,
        verifier=Verifier([sign_in.issuer, issuer.issuer]),
        health=lambda: made.health,
        sign_in_page=sign_in_page(sign_in),
    )
    made = World(app=create_app(parts), actions=actions, engine=engine, projected=projected, issuer=issuer)
    yield made
    made.app.state.progress.close()
    engine.dispose()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url=HERE) as http_client:
        yield http_client


@pytest.fixture
async def admin(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Dana, Client Admin of Acme, with a bearer token."""
    transport = httpx.ASGITransport(world.app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=world.bearer()) as http_client:
        yield http_client


def fill(projected: Projected) -> None:
    """Acme with a run that is done and vendors in several states; Globex with one vendor; a one-way client."""
    vendors = ["v-1", "v-2", "v-3", "v-4"]
    projected.take(
        integration(ACME),
        integration(GLOBEX, client_name="Globex"),
        integration("lookers", mode="one_way"),
        integration("garbled"),
        *(record(ACME, vendor_id) for vendor_id in vendors[:3]),
        record(ACME, "v-4", legal_name=HTML),
        record(ACME, "v-5", provider_id=None),
        record(GLOBEX, "g-1", legal_name="Of Globex"),
        dead_letter(ACME, "v-3"),
        dead_letter(ACME, "v-4", code="rejected", reason=HTML),
        dead_letter(GLOBEX, "g-1"),
        *run_of(ACME, RUN, vendors),
        *run_of(GLOBEX, "globex-run", ["g-1"]),
    )
    change = Change(group="status", field="complianceStatus", before="Pending", after="Approved")
    left = LeftAlone(
        group="payment_hold",
        field="onHold",
        observed="Yes",
        desired="No",
        code="foreign_hold",
        reason=f"A person: {HTML}",
    )
    projected.take(
        outcome(ACME, "v-1", Status.UPDATED, 0, run_id=RUN, changes=[change], left_alone=[left]),
        outcome(ACME, "v-2", Status.UNCHANGED, 1, run_id=RUN),
        outcome(ACME, "v-3", Status.MISSING, 2, run_id=RUN, reason="Vantaca has no provider 4711."),
        outcome(ACME, "v-4", Status.REJECTED, 3, run_id=RUN, reason=f"Vantaca refuses it: {HTML}"),
    )
    projected.take_garbled_integration("garbled")
