"""One stack for all browser tests: the session's Kafka, a sandbox Vantaca, a worker, and the console."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine

from accounting.vantaca.sandbox import CompanySettings, Provider
from cli.processes.console_process import ports_for
from cli.settings import Settings
from console.app import create_app
from console.auth.dev_issuer import LocalPerson, LocalSignIn
from console.auth.tokens import Verifier
from console.ports import Health
from console.read_model.projection.projector import Projector
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from devkit.sandbox_client import SandboxClient
from messaging.producer import BlockingProducer, OutgoingRecord
from producers.button import CLIENT_ADMIN, request_sync
from producers.records import load
from schemas.records.integration import FieldGroup, Integration, Mode, UnreadableIntegration
from schemas.records.vendor_record import Origin, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec
from tests.console.pages.serving import serve
from tests.support.eventually import eventually
from tests.support.free_port import free_port
from tests.support.product_topics import ensure_topics
from tests.support.slowness import patient
from tests.support.world import PASSWORD

PERSONS_HOLD: Final = "Dispute about invoice 4711 - ask Maria before paying"
NAMES: Final = ("Bright Roofing LLC", "Cedar Plumbing Inc.", "Granite Paving LLC", "Harbor Pool Care", "Mesa Elevators")


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of its own, and a company of the same name in the sandbox."""

    client_id: str
    integration: Integration

    @property
    def page(self) -> str:
        return f"/accounting/{self.client_id}/vantaca"

    @property
    def admin(self) -> str:
        """Its Client Admin."""
        return f"dana@{self.client_id}"

    @property
    def viewer(self) -> str:
        """Somebody of it without the role."""
        return f"vic@{self.client_id}"

    def record(self, number: int, **fields: Any) -> VendorRecord:
        """Vendor ``v-<number>``, compliant and linked to provider ``number``, unless the arguments differ."""
        given = {
            "client_id": self.client_id,
            "vendor_id": f"v-{number}",
            "version": 1,
            "updated_at": datetime.now(UTC),
            "origin": Origin.SNAPSHOT,
            "provider_id": str(number),
            "legal_name": f"{NAMES[number % len(NAMES)]} {number}",
            "status": "Approved",
            "compliant": True,
        }
        return VendorRecord.model_validate(given | fields)

    def provider(self, number: int, **fields: Any) -> Provider:
        """A provider that agrees with ``record``, unless the arguments differ."""
        given = {"compliance_status": "Approved", "compliant": True}
        return Provider(provider_id=number, name=self.record(number).legal_name).model_copy(update=given | fields)


@dataclass
class Stage:
    """The running environment, and the people who may sign in."""

    bootstrap: str
    folder: Path
    sandbox: SandboxClient
    sandbox_url: str
    sign_in: LocalSignIn
    engine: Engine
    codec: Codec = field(default_factory=Codec)
    url: str = ""

    @property
    def read_model(self) -> ReadModel:
        return ReadModel(self.engine)

    def app(self, *, kafka: str | None = None) -> FastAPI:
        """A console over the stage's read model; ``kafka``: another than the stage's."""
        settings = Settings(kafka=kafka or self.bootstrap, read_model=SecretStr(str(self.engine.url)))
        return create_app(
            ports_for(
                settings,
                self.engine,
                verifier=Verifier([self.sign_in.issuer]),
                sign_in=self.sign_in,
                health=lambda: Health(database=True, projector=True, caught_up=True),
            )
        )

    def client(self, name: str, **fields: Any) -> Client:
        """A new client, two-way unless the arguments differ; its Client Admin and its viewer may sign in."""
        client_id = f"{name}-{uuid.uuid4().hex[:8]}"
        given = {
            "client_id": client_id,
            "client_name": name.replace("-", " ").title(),
            "system": VANTACA,
            "mode": Mode.TWO_WAY,
            "pushes": tuple(FieldGroup),
            "status_texts": {"active": "Approved", "inactive": "Not Approved", "exempt": "Exempt"},
            "base_url": self.sandbox_url,
            "credentials_ref": client_id,
            "updated_at": datetime.now(UTC),
        }
        client = Client(client_id=client_id, integration=Integration.model_validate(given | fields))
        admin, nothing = frozenset({CLIENT_ADMIN}), frozenset({"viewer"})
        self.sign_in.people += (
            LocalPerson(person=client.admin, name="Dana Reyes", client_id=client_id, roles=admin, about="Client Admin"),
            LocalPerson(person=client.viewer, name="Vic Stone", client_id=client_id, roles=nothing, about="Viewer"),
        )
        return client

    def fill(self, client: Client, records: Iterable[VendorRecord] = (), providers: Iterable[Provider] = ()) -> None:
        """Put the client's records onto their topics and its providers into the sandbox; wait until the page shows it."""
        company = client.client_id
        self.keep_books(client, providers)
        secret = {"company": company, "login": "vive", "password": PASSWORD}
        (self.folder / f"{company}.json").write_text(json.dumps(secret))
        self.publish(client, client.integration, *records)

    def keep_books(self, client: Client, providers: Iterable[Provider]) -> None:
        """Let the client's company in the sandbox hold these providers and no others."""
        self.sandbox.put_company(CompanySettings(company=client.client_id, login="vive", pwd=PASSWORD), providers)

    def publish(self, client: Client, *records: Integration | VendorRecord) -> None:
        """Put records onto their topics, and wait until the read model has them."""
        load(list(records), producer=BlockingProducer(self.bootstrap, seconds=patient(30)), codec=self.codec)
        vendors = sum(isinstance(record, VendorRecord) for record in records)

        def there() -> bool:
            view = self.read_model.client(client.client_id)
            return view is not None and view.vendors >= vendors

        eventually(there, seconds=60)

    def garble(self, client: Client) -> None:
        """Put an integration record that can't be read onto its topic, and wait until the read model has it."""
        producer = BlockingProducer(self.bootstrap, seconds=patient(30))
        producer.publish([OutgoingRecord(INTEGRATION.name, client.client_id.encode(), b"garbage")])

        def there() -> bool:
            view = self.read_model.client(client.client_id)
            return view is not None and isinstance(view.integration, UnreadableIntegration)

        eventually(there, seconds=60)

    def press(self, client: Client) -> None:
        """Press the button without a browser."""
        request_sync(
            client.client_id,
            person="Dana Reyes",
            roles={CLIENT_ADMIN},
            integration=client.integration,
            producer=BlockingProducer(self.bootstrap, seconds=patient(30)),
            codec=self.codec,
        )
        eventually(lambda: self.read_model.runs(client.client_id).total > 0, seconds=30)

    def open_dead_letters(self, client: Client) -> int:
        """How many of the client's dead letters wait for a person."""
        view = self.read_model.client(client.client_id)
        return 0 if view is None else view.open_dead_letters

    def parked(self, client: Client) -> int:
        """How many of the client's vendors wait for its credentials."""
        view = self.read_model.client(client.client_id)
        return 0 if view is None else view.parked

    def token(self, person: str) -> str:
        token = self.sign_in.token_of(person)
        assert token is not None, person
        return token


@contextmanager
def staged(bootstrap: str, folder: Path) -> Iterator[Stage]:
    """The stage, as long as it is used."""
    with ExitStack() as parts:
        ensure_topics(bootstrap)
        port_file = folder / "sandbox.port"
        sandbox = parts.enter_context(process(folder, bootstrap, "sandbox", "--port-file", str(port_file)))
        worker = parts.enter_context(process(folder, bootstrap, "worker"))
        engine = open_engine(f"sqlite:///{folder / 'read-model.sqlite'}")
        parts.callback(engine.dispose)
        migrate(engine)
        parts.enter_context(projecting(engine, bootstrap))
        eventually(lambda: port_file.exists() or sandbox.poll() is not None, seconds=60)
        url = f"http://127.0.0.1:{port_file.read_text()}"
        client = SandboxClient(url)
        parts.callback(client.close)
        stage = Stage(
            bootstrap=bootstrap,
            folder=folder,
            sandbox=client,
            sandbox_url=url,
            sign_in=LocalSignIn(()),
            engine=engine,
        )
        port = free_port()
        parts.enter_context(serve(stage.app(), port))
        stage.url = f"http://127.0.0.1:{port}"
        log = folder / "worker.log"
        eventually(lambda: b"Worker ready." in log.read_bytes() or worker.poll() is not None, seconds=90)
        assert worker.poll() is None, log.read_text()
        yield stage


@contextmanager
def process(folder: Path, bootstrap: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """``vive-sync`` with these arguments; it logs into the folder."""
    environment = {
        **os.environ,
        "VIVE_SYNC_KAFKA": bootstrap,
        "VIVE_SYNC_CREDENTIALS_DIR": str(folder),
        "VIVE_SYNC_DATA_DIR": str(folder / "state"),
        "NO_COLOR": "1",
    }
    with (folder / f"{arguments[0]}.log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()


@contextmanager
def projecting(engine: Engine, bootstrap: str) -> Iterator[None]:
    """The projector, in a thread."""
    stop = threading.Event()
    projector = Projector(engine, bootstrap=bootstrap, codec=Codec())
    thread = threading.Thread(target=projector.run, args=(stop,), name="projector", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(patient(15))
