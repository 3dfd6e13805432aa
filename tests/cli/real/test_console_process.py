"""The start of the console: issuers, port, database, health."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cli.demo_people import DEMO_PEOPLE
from cli.processes.console_process import health_of, issuers_of, read_model_engine
from cli.processes.console_server import ConsoleError, address_of, listening
from cli.settings import Settings
from console.auth.dev_issuer import LocalSignIn
from console.auth.tokens import Verifier
from console.read_model.projection.projector import Projector
from devkit.demo_data import demo_clients
from producers.button import CLIENT_ADMIN
from schemas.wire.codec import Codec


@pytest.mark.parametrize("given", [{}, {"token_issuer": "https://i.example"}, {"token_audience": "console"}])
def test_keys_without_an_issuer_and_an_audience_are_not_taken(given: dict[str, Any]) -> None:
    settings = Settings(jwks="https://issuer.example/keys", **given)
    with pytest.raises(ConsoleError, match="VIVE_SYNC_TOKEN_ISSUER and VIVE_SYNC_TOKEN_AUDIENCE"):
        issuers_of(settings, None)


def test_without_any_issuer_a_warning_is_logged_that_nobody_can_sign_in(caplog: pytest.LogCaptureFixture) -> None:
    assert issuers_of(Settings(), None) == []
    assert "Nobody can sign in" in caplog.text


def test_a_port_that_is_taken_is_reported() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with (
            pytest.raises(ConsoleError, match=rf"can't listen at 127.0.0.1, port {port}"),
            listening("127.0.0.1", port),
        ):
            pass


def test_an_address_of_version_6_is_written_as_one() -> None:
    try:
        with listening("::1", 0) as at:
            assert address_of(at) == f"http://[::1]:{at.getsockname()[1]}"
    except ConsoleError:
        assert not socket.has_dualstack_ipv6()


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:s3cr3t@h/d", "sqlite:////proc/none/read-model.sqlite"])
def test_a_database_that_can_not_be_used_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(ConsoleError) as caught, read_model_engine(Settings(read_model=SecretStr(url))):
        pass
    assert "VIVE_SYNC_READ_MODEL" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in repr(Settings(read_model=SecretStr(url)))


def test_the_database_is_in_the_data_folder_unless_configured_otherwise(tmp_path: Path) -> None:
    with read_model_engine(Settings(data_dir=tmp_path / "state")):
        assert (tmp_path / "state" / "read-model.sqlite").exists()


def test_the_people_to_sign_in_as_are_of_the_demos_clients() -> None:
    sign_in = LocalSignIn(DEMO_PEOPLE)
    found = [Verifier([sign_in.issuer]).principal(sign_in.token_of(one.person) or "") for one in DEMO_PEOPLE]
    clients = {client.integration.client_id for client in demo_clients("http://127.0.0.1:1", vendors=10)}
    assert {one.client_id for one in found if CLIENT_ADMIN in one.roles} == clients
    assert any(not one.is_client_admin for one in found)


class Stalled(Projector):
    def is_stalled(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "well"), [(Projector, True), (Stalled, False)])
def test_a_projector_that_stands_still_is_not_healthy_though_its_thread_lives(
    kind: type[Projector], *, well: bool, tmp_path: Path
) -> None:
    with read_model_engine(Settings(data_dir=tmp_path)) as engine:
        found = health_of(engine, kind(engine, bootstrap="127.0.0.1:1", codec=Codec()), threading.current_thread())
    assert (found.database, found.projector, found.well) == (True, well, well)
