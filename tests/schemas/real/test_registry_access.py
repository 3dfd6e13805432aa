"""A schema registry behind TLS that asks who its client is."""

import base64
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cli.codec import codec_for
from cli.settings import Settings
from messaging.registry_access import RegistryAccess, RegistrySettingsError
from messaging.schema_registry import Registry
from schemas.records.vendor_record import VendorRecord
from schemas.wire.codec import Codec, RegistryUnavailableError
from tests.support.certificates import Authority
from tests.support.messages import vendor_record
from tests.support.registry_server import RegistryServer

SECRET = "hunter2-S3cret:with-a-colon"  # noqa: S105 -- it must turn up nowhere
BASIC = "Basic " + base64.b64encode(f"vive:{SECRET}".encode()).decode()
RECORD = vendor_record()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def write(address: str, access: RegistryAccess) -> bytes:
    codec = Codec(Registry(address, access))
    data = codec.encode(RECORD, topic="t")
    assert Codec(Registry(address, access)).decode(VendorRecord, data) == RECORD
    return data


def refusal(address: str, access: RegistryAccess) -> str:
    with pytest.raises(RegistryUnavailableError) as caught:
        write(address, access)
    return str(caught.value)


def test_a_registry_is_trusted_by_its_authority_and_no_other(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with RegistryServer(tls=authority.server()).serving() as server:
        assert write(server.address, RegistryAccess(ca=authority.certificate))[:1] == b"\x00"
        for access in (RegistryAccess(ca=other.certificate), RegistryAccess()):
            assert "its certificate is not accepted (" in refusal(server.address, access)


def test_an_expired_certificate_is_named(authority: Authority) -> None:
    with RegistryServer(tls=authority.server(days=-1)).serving() as server:
        text = refusal(server.address, RegistryAccess(ca=authority.certificate))
    assert text.endswith("its certificate is not accepted (certificate has expired).")


def test_a_registry_that_asks_for_a_certificate_gets_it(authority: Authority) -> None:
    certificate, key = authority.issue("client")
    with RegistryServer(tls=authority.server(asks_clients=True)).serving() as server:
        write(server.address, RegistryAccess(ca=authority.certificate, certificate=certificate, key=key))
        refusal(server.address, RegistryAccess(ca=authority.certificate))


@pytest.mark.parametrize("password_in_file", [False, True], ids=["in the environment", "in a file"])
def test_user_and_password_are_sent_and_shown_nowhere(
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    *,
    password_in_file: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    with RegistryServer(tls=authority.server(), authorization=BASIC).serving() as server:
        monkeypatch.setenv("VIVE_SYNC_SCHEMA_REGISTRY", server.address)
        monkeypatch.setenv("VIVE_SYNC_SCHEMA_REGISTRY_CA", str(authority.certificate))
        monkeypatch.setenv("VIVE_SYNC_SCHEMA_REGISTRY_USER", "vive")
        if password_in_file:
            monkeypatch.setenv("VIVE_SYNC_SCHEMA_REGISTRY_PASSWORD_FILE", str(file))
        else:
            monkeypatch.setenv("VIVE_SYNC_SCHEMA_REGISTRY_PASSWORD", SECRET)
        settings = Settings()
        assert codec_for(settings).encode(RECORD, topic="t")[:1] == b"\x00"
        server.authorization = "Basic of-somebody-else"
        with pytest.raises(RegistryUnavailableError) as caught:
            codec_for(settings).encode(RECORD, topic="t")
    assert str(caught.value).endswith("SR code 401) Check its user and password.")
    access = RegistryAccess(user="vive", password=SECRET)
    shown = f"{caught.value!r} {caught.value} {settings!r} {access!r} {access} {caplog.text}"
    assert SECRET not in shown
    assert BASIC.removeprefix("Basic ") not in shown


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"user": "vive"}, "only one of them is set"),
        ({"password": SECRET}, "only one of them is set"),
        ({"user": "vi:ve", "password": SECRET}, "has a colon in it"),
        ({"key": Path("key.pem")}, "no client's certificate"),
        ({"ca": Path("/nowhere/ca.pem")}, "/nowhere/ca.pem can't be read: No such file or directory"),
        ({"certificate": Path("/nowhere/c.pem")}, "/nowhere/c.pem can't be read: No such file or directory"),
    ],
)
def test_settings_that_can_not_be_used_are_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(RegistrySettingsError, match=says) as caught:
        Registry("https://127.0.0.1:1", RegistryAccess(**given))
    assert SECRET not in str(caught.value)


def test_files_that_are_no_certificates_are_named(authority: Authority, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    certificate, _ = authority.issue("client")
    _, key_of_another = authority.issue("another")
    for access in (
        RegistryAccess(ca=wrong),
        RegistryAccess(certificate=wrong),
        RegistryAccess(certificate=certificate, key=key_of_another),
    ):
        with pytest.raises(RegistrySettingsError, match=r"for the schema registry can't be used \("):
            Registry("https://127.0.0.1:1", access)


def test_a_user_in_the_address_and_another_one_are_refused_without_showing_them() -> None:
    with pytest.raises(RegistrySettingsError, match="set only one") as caught:
        Registry(f"https://vive:{SECRET}@127.0.0.1:1", RegistryAccess(user="vive", password=SECRET))
    assert SECRET not in str(caught.value)


def test_a_password_that_is_set_twice_or_can_not_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    given: dict[str, Any] = {"schema_registry": "https://127.0.0.1:1", "schema_registry_user": "vive"}
    with pytest.raises(RegistrySettingsError, match=r"password, .*password, can't be read: FileNotFoundError"):
        codec_for(Settings(**given, schema_registry_password_file=file))
    file.write_text(SECRET)
    with pytest.raises(RegistrySettingsError, match="set twice"):
        codec_for(Settings(**given, schema_registry_password_file=file, schema_registry_password=SecretStr(SECRET)))
