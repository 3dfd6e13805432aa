"""Runs the console in this process until it gets a signal: the projector in a thread, the server on the event loop."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import uvicorn
import uvloop
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from cli.codec import codec_for
from cli.processes.console_server import ConsoleError, Server, address_of, listening
from cli.settings import Settings
from console.app import create_app
from console.auth.dev_issuer import LocalPerson, LocalSignIn
from console.auth.keys import JwksKeys
from console.auth.tokens import Issuer, Verifier
from console.commands.dead_letters import DeadLetterService
from console.commands.sync_requests import SyncRequestService
from console.pages.sign_in_page import sign_in_page
from console.ports import ConsolePorts, Health
from console.read_model.projection.projector import Projector
from console.read_model.queries.read_model import ReadModel
from console.read_model.store.engine import migrate, open_engine
from console.read_model.store.idempotency import Idempotency

log = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 3
"""How long answers that are under way may take after the signal to stop."""
PROJECTOR_SECONDS: Final = 1.5


def run_console(
    settings: Settings,
    *,
    people: Sequence[LocalPerson] | None,
    port: int,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT. ``people`` may be signed in as; None: there is no local sign-in.

    Raises:
        ConsoleError: a setting is missing, the port is taken or the database does not answer.
    """
    sign_in = None if people is None else LocalSignIn(people)
    verifier = Verifier(issuers_of(settings, sign_in))
    with listening(settings.console_host, port) as at, read_model_engine(settings) as engine:
        stop = threading.Event()
        projector = Projector(engine, bootstrap=settings.kafka, codec=codec_for(settings))
        thread = threading.Thread(target=projector.run, args=(stop,), name="projector", daemon=True)

        def health() -> Health:
            return health_of(engine, projector, thread)

        app = create_app(ports_for(settings, engine, verifier=verifier, sign_in=sign_in, health=health))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # its lines have query strings; ours have not
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        server = Server(config, before_shutdown=app.state.progress.close, ready=lambda: ready(address_of(at)))
        freeze_memory()
        thread.start()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(server.serve(sockets=[at]))
        finally:
            stop.set()
            thread.join(PROJECTOR_SECONDS)


def freeze_memory() -> None:
    """Exclude the objects made at the start from garbage collection: a full collection of them stops all threads for 0.1 s."""
    gc.collect()
    gc.freeze()


def ports_for(
    settings: Settings,
    engine: Engine,
    *,
    verifier: Verifier,
    sign_in: LocalSignIn | None,
    health: Callable[[], Health],
) -> ConsolePorts:
    """The parts as they work with a real Kafka and this database."""
    codec, read_model = codec_for(settings), ReadModel(engine)
    sync_requests = SyncRequestService(settings.kafka, codec, read_model, Idempotency(engine))
    dead_letters = DeadLetterService(settings.kafka, codec, read_model)
    return ConsolePorts(
        read_model=read_model,
        request_sync=sync_requests.request_sync,
        redrive=dead_letters.redrive,
        discard=dead_letters.discard,
        verifier=verifier,
        health=health,
        sign_in_page=None if sign_in is None else sign_in_page(sign_in),
    )


def issuers_of(settings: Settings, sign_in: LocalSignIn | None) -> list[Issuer]:
    """The issuers of the tokens that are accepted; the local sign-in first, since its keys are in memory.

    Raises:
        ConsoleError: keys are configured without their issuer or audience.
    """
    issuers = [] if sign_in is None else [sign_in.issuer]
    if settings.jwks is not None:
        if not settings.token_issuer or not settings.token_audience:
            raise ConsoleError("With VIVE_SYNC_JWKS set VIVE_SYNC_TOKEN_ISSUER and VIVE_SYNC_TOKEN_AUDIENCE too.")
        keys = JwksKeys(settings.jwks)
        issuers.append(Issuer(keys=keys, name=settings.token_issuer, audience=settings.token_audience))
    if not issuers:
        log.warning("Nobody can sign in: set VIVE_SYNC_JWKS, or use --local-sign-in on your own machine.")
    return issuers


def health_of(engine: Engine, projector: Projector, thread: threading.Thread) -> Health:
    """Whether database and projector do their work."""
    works = thread.is_alive() and not projector.is_stalled()
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return Health(database=True, projector=works, caught_up=projector.caught_up())
    except SQLAlchemyError:
        return Health(database=False, projector=works, caught_up=False)


@contextmanager
def read_model_engine(settings: Settings) -> Iterator[Engine]:
    """The read model's database, with the tables that this version needs."""
    try:
        engine = open_engine(settings.read_model_url)
    except ValueError as error:
        raise ConsoleError(f"VIVE_SYNC_READ_MODEL: {error}") from None
    except OSError as error:
        raise ConsoleError(
            f"The folder of the read model's database can't be made ({error.strerror}). Look at VIVE_SYNC_READ_MODEL."
        ) from None
    try:
        migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConsoleError(
            f"The read model's database can't be used ({type(error).__name__}). Look at VIVE_SYNC_READ_MODEL."
        ) from error
    try:
        yield engine
    finally:
        engine.dispose()
