"""Everything that can be set, from the environment (prefix ``VIVE_SYNC_``)."""

import os
import socket
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings; ``docs/reference/settings.md`` describes each, and a test fails when one is missing there."""

    model_config = SettingsConfigDict(env_prefix="VIVE_SYNC_", frozen=True, extra="ignore")

    kafka: str = Field(default="127.0.0.1:9092", description="Kafka's bootstrap servers, `host:port`, comma-separated.")
    schema_registry: str | None = Field(
        default=None,
        description="Address of a Confluent-compatible schema registry. Unset: Avro single-object encoding, no registry.",
    )
    schema_registry_ca: Path | None = Field(
        default=None,
        description="PEM file with the authorities whose certificates the schema registry may have. "
        "Unset: the usual public ones.",
    )
    schema_registry_certificate: Path | None = Field(
        default=None, description="PEM file with the certificate that the schema registry knows its client by."
    )
    schema_registry_key: Path | None = Field(
        default=None, description="PEM file with the key of that certificate, not encrypted."
    )
    schema_registry_user: str | None = Field(
        default=None, description="User for the schema registry (HTTP basic authentication)."
    )
    schema_registry_password: SecretStr | None = Field(
        default=None,
        description="Password of that user. `VIVE_SYNC_SCHEMA_REGISTRY_PASSWORD_FILE` keeps it out of the environment.",
    )
    schema_registry_password_file: Path | None = Field(
        default=None, description="File with the password of that user, in place of the password itself."
    )
    credentials_dir: Path = Field(
        default=Path("/run/secrets/vive-sync"),
        description="Folder with one `<credentials_ref>.json` a client: `company`, `login`, `password`.",
    )
    data_dir: Path = Field(
        default=Path.home() / ".local/state/vive-sync", description="Where a worker may keep files of its own."
    )
    partitions: int = Field(
        default=12,
        ge=1,
        description="Partitions of every topic but those of dead letters. Workers and `vive-sync topics --check` refuse topics "
        "with another number.",
    )
    replication: int | None = Field(
        default=None,
        ge=1,
        description="Replicas that every topic has at least. Unset: as many as the cluster's default.replication.factor.",
    )
    concurrency: int = Field(default=64, ge=1, description="Vendors whose calls a worker has under way at once.")
    drain_seconds: float = Field(
        default=15.0,
        gt=0,
        description="Seconds that in-flight work may go on when a partition moves or a worker stops.",
    )
    session_timeout: float = Field(
        default=30.0,
        gt=0,
        description="Seconds without a heartbeat after which Kafka gives a worker's partitions away.",
    )
    stall_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that a worker may stand still before it ends, to be started anew.",
    )
    blocked_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Seconds that a worker's event loop may be blocked before it says where; after twice as long it ends.",
    )
    retry_later: tuple[float, ...] = Field(
        default=(120.0, 600.0, 1800.0, 3600.0, 10800.0),
        min_length=1,
        description="Seconds, as a JSON list, until a vendor that could not be synced is tried again; the last one repeats.",
    )
    give_up_hours: float = Field(
        default=24.0, ge=0, description="Hours of failing after which a vendor becomes a dead letter."
    )
    commit_interval: float = Field(default=1.0, gt=0, description="Seconds between two commits of offsets.")
    read_model: SecretStr | None = Field(
        default=None,
        description="The read model's database, `sqlite:///FILE` or `postgresql://...`. "
        "Unset: the file `read-model.sqlite` in the data folder.",
    )
    console_host: str = Field(default="127.0.0.1", description="Address that the console listens on.")
    console_port: int = Field(
        default=8090, ge=0, le=65535, description="Port that the console listens on; 0 for any free one."
    )
    jwks: str | None = Field(
        default=None,
        description="The keys that the console checks bearer tokens with: an http or https address, or a file.",
    )
    token_issuer: str | None = Field(default=None, description="Who issues the tokens: their claim `iss`.")
    token_audience: str | None = Field(default=None, description="Whom the tokens are for: their claim `aud`.")
    log_level: str = Field(default="INFO", description="Least severity that is logged: DEBUG, INFO, WARNING or ERROR.")

    @property
    def read_model_url(self) -> str:
        """The URL of the read model's database. It may hold a password."""
        if self.read_model is None:
            return f"sqlite:///{self.data_dir / 'read-model.sqlite'}"
        return self.read_model.get_secret_value()


def worker_id() -> str:
    """This process's name in outcomes: host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"
