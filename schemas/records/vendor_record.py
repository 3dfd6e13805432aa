"""VIVE's latest data on one vendor of one client."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from schemas.message import Part, Timestamp
from schemas.records.vendor_key import VendorMessage


class Origin(StrEnum):
    """The reason why a record was produced."""

    CHANGE = "change"
    """The vendor changed in VIVE: its pushed fields go to the accounting system at once."""
    SNAPSHOT = "snapshot"
    """The present state, as a load produces it: the worker keeps it, and the next sync pushes it."""


class PostalAddress(Part):
    """The street (physical) address. ``street`` is number and name, such as ``12A Main Street``."""

    street: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


MISSING: Final = "missing"
"""The status, in lower case, of a policy that VIVE requires and does not have."""


class Policy(Part):
    """An insurance policy as VIVE holds it. Type and number are empty where VIVE does not know them."""

    policy_type: str
    number: str
    expires_on: date | None = None
    status: str = ""
    """VIVE's judgement: Pass, Fail, Missing or Expired; empty where VIVE names none."""

    @property
    def missing(self) -> bool:
        """Whether VIVE requires this policy and does not have it."""
        return self.status.strip().lower() == MISSING

    @property
    def pushable(self) -> bool:
        """Whether an accounting system can hold it: it has a type and a number, and VIVE has it."""
        return bool(self.policy_type.strip() and self.number.strip()) and not self.missing


class VendorRecord(VendorMessage):
    """The latest data on a vendor and its link to a provider in the accounting system, or none.

    ``version`` grows with every change of this vendor; a record with a lower one than the record kept is stale.
    """

    SCHEMA: ClassVar[str] = "vendor_record"
    LARGEST: ClassVar[int] = 128 * 1024

    version: int = Field(ge=0, le=2**63 - 1)
    updated_at: Timestamp
    origin: Origin = Origin.CHANGE
    provider_id: str | None = Field(default=None, pattern=r"^[0-9A-Za-z-]{1,40}$")
    legal_name: str = ""
    dba_name: str = ""
    address: PostalAddress = PostalAddress()
    status: str = ""
    """VIVE's vendor status, such as Approved, Reviewing or Suspended."""
    compliant: bool
    exempt: bool = False
    force_active: bool = False
    payment_hold: bool = False
    hold_reason: str = ""
    policies: Annotated[tuple[Policy, ...], Field(fail_fast=True)] = ()

    @property
    def active(self) -> bool:
        """Whether the client may work with this vendor: compliant, exempt from compliance, or forced active."""
        return self.compliant or self.exempt or self.force_active
