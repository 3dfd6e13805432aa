"""The integration of one client with its accounting system."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from schemas.message import Identifier, KeyedMessage, Timestamp
from schemas.systems import DISPLAY_NAMES, display_name


class Mode(StrEnum):
    """The direction of writes, and the fields that VIVE may own."""

    ONE_WAY = "one_way"
    TWO_WAY = "two_way"
    SYSTEM_OF_RECORD = "system_of_record"


class FieldGroup(StrEnum):
    """The groups of a provider's fields that VIVE can own. Only a system of record owns names and address."""

    STATUS = "status"
    PAYMENT_HOLD = "payment_hold"
    INSURANCE = "insurance"
    NAMES = "names"
    ADDRESS = "address"


SYSTEM_OF_RECORD_ONLY = frozenset({FieldGroup.NAMES, FieldGroup.ADDRESS})
_GROUP_NAMES = frozenset(group.value for group in FieldGroup)


class Integration(KeyedMessage):
    """One client's integration. A tombstone on its topic ends it, as ``ended_at`` does."""

    SCHEMA: ClassVar[str] = "integration"
    LARGEST: ClassVar[int] = 128 * 1024
    KEY_NAMES: ClassVar[str] = "client"

    client_id: Identifier
    client_name: str = ""
    system: str
    mode: Mode
    ended_at: Timestamp | None = None
    pushes: Annotated[tuple[str, ...], Field(fail_fast=True)] = ()
    """Names of field groups. One that is no ``FieldGroup`` is kept and has no effect: a newer VIVE may know it."""
    status_texts: dict[str, str] = Field(default_factory=dict)
    """Vantaca's ``complianceStatus`` by VIVE's word: ``active``, ``inactive``, ``exempt``, or a vendor status."""
    hold_marker: str = Field(default="[VIVE]", min_length=1, max_length=40)
    insurance_types: dict[str, str] = Field(default_factory=dict)
    """The accounting system's insurance type by VIVE's policy type, where they are not the same after normalisation."""
    insurance_required: bool = False
    base_url: str
    credentials_ref: Identifier
    write_parameters: Literal["query", "body"] = "query"
    basic_auth: bool = False
    max_in_flight: int = Field(default=8, ge=1, le=1000)
    timeout_seconds: float = Field(default=30.0, gt=0, le=300)
    updated_at: Timestamp

    @field_validator("base_url")
    @classmethod
    def _plain_http_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
        except ValueError:  # its text quotes the address, which may hold a password
            wrong = True
        if wrong or any(character.isspace() for character in value):
            raise ValueError("base_url must be an http or https address")
        if any(mark in value for mark in "@?#"):
            raise ValueError("base_url must hold no credentials, query or fragment: name them by credentials_ref")
        return value.rstrip("/")

    @property
    def record_key(self) -> bytes:
        """The client's id as the key of a record."""
        return self.client_id.encode()

    @property
    def unknown_pushes(self) -> tuple[str, ...]:
        """The names in ``pushes`` that are no field group."""
        return tuple(name for name in self.pushes if name not in _GROUP_NAMES)

    def owns(self, group: FieldGroup) -> bool:
        """Whether VIVE writes this field group at this client."""
        return group in self.pushes and (self.mode is Mode.SYSTEM_OF_RECORD or group not in SYSTEM_OF_RECORD_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableIntegration:
    """The newest record of a client's integration, which can't be read. It may name another company than an older one."""

    code: str
    """``undecodable`` or ``invalid``."""
    reason: str
    """The reason as a sentence, without values of the record."""


KnownIntegration = Integration | UnreadableIntegration | None
"""A client's integration as it is known; None where it has none, or where it was ended by a tombstone."""


def ineligible_reason(client_id: str, integration: KnownIntegration) -> str | None:
    """The reason why this client can't be synced, as a sentence for a person; None when it can."""
    if isinstance(integration, UnreadableIntegration):
        return (
            f"The integration record of client {client_id} can't be read: {integration.reason} "
            "Nothing is sent to Vantaca until it is corrected."
        )
    if integration is None:
        return f"Client {client_id} has no accounting integration: it is unknown, or its integration was ended."
    if integration.ended_at is not None:
        return f"The accounting integration of client {client_id} ended on {integration.ended_at:%Y-%m-%d}."
    name = display_name(integration.system)
    if integration.system not in DISPLAY_NAMES:
        supported = " and ".join(DISPLAY_NAMES.values())
        return f"Client {client_id} keeps its books in {name}; Sync All Vendors works with {supported} only."
    if integration.mode is Mode.ONE_WAY:
        return (
            f"The {name} integration of client {client_id} is one-way: VIVE only reads from {name}. "
            "Sync All Vendors needs a two-way or System of Record integration."
        )
    return None


def eligible(client_id: str, integration: KnownIntegration) -> Integration | None:
    """The client's integration where the client can be synced, else None."""
    if isinstance(integration, UnreadableIntegration) or ineligible_reason(client_id, integration) is not None:
        return None
    return integration
