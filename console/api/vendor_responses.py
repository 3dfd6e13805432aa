"""Responses about vendors and dead letters, as JSON."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from console.read_model.store.views import VendorDetail, VendorState
from schemas.records.outcome import Change, LeftAlone, Status, VendorSyncOutcome
from schemas.records.vendor_record import Policy, PostalAddress


class FromAttributes(BaseModel):
    """A response that pydantic reads from the attributes of a view or a record."""

    model_config = ConfigDict(from_attributes=True)


class VendorLineAnswer(FromAttributes):
    """One line of a list of vendors."""

    vendor_id: str = Field(examples=["v-1001"])
    name: str = Field(description="Legal name, or the id where VIVE has none.", examples=["Bright Roofing LLC"])
    provider_id: str | None = Field(examples=["4711"])
    state: VendorState
    reason: str | None = Field(description="Why it is so, as a sentence, where there is something to say.")
    at: datetime | None = Field(description="When its last outcome came.")


class RecordAnswer(FromAttributes):
    """VIVE's record of the vendor."""

    version: int
    updated_at: datetime
    provider_id: str | None
    legal_name: str
    dba_name: str
    address: PostalAddress
    status: str
    compliant: bool
    exempt: bool
    force_active: bool
    payment_hold: bool
    hold_reason: str
    policies: list[Policy]


class OutcomeAnswer(FromAttributes):
    """The result of one attempt: the changes with before and after, and the fields that were left, with the reason."""

    status: Status
    at: datetime
    provider_id: str | None
    run_id: str | None
    cause: str = Field(examples=["sync_all"])
    requested_by: str
    attempt: int
    record_version: int | None
    changes: list[Change]
    left_alone: list[LeftAlone]
    reason: str | None = Field(description="Why it failed, was rejected, parked or skipped, as a sentence.")
    next_attempt_at: datetime | None
    observed_at: datetime | None
    calls: int = Field(description="Calls made to the accounting system for this vendor.")

    @classmethod
    def of(cls, outcome: VendorSyncOutcome) -> Self:
        """The response for this outcome: without its worker and its offsets."""
        return cls.model_validate(outcome)


class VendorAnswer(BaseModel):
    """One vendor: its state, VIVE's record of it, and its last outcomes, newest first."""

    vendor: VendorLineAnswer
    record: RecordAnswer | None
    outcomes: list[OutcomeAnswer]

    @classmethod
    def of(cls, detail: VendorDetail) -> Self:
        """The response for this vendor."""
        return cls(
            vendor=VendorLineAnswer.model_validate(detail.line),
            record=None if detail.record is None else RecordAnswer.model_validate(detail.record),
            outcomes=[OutcomeAnswer.of(outcome) for outcome in detail.outcomes],
        )


class DeadLetterAnswer(FromAttributes):
    """A dead letter: a failure that no retry would repair."""

    letter_id: str = Field(examples=["3-17"])
    vendor_id: str | None
    code: str = Field(examples=["missing"])
    reason: str
    at: datetime
    state: str = Field(examples=["open"], description="`open`, `redriven` or `discarded`.")
    handled_by: str | None
    handled_at: datetime | None


class HandledAnswer(BaseModel):
    """The action on a dead letter. The list of dead letters shows it a moment later."""

    letter_id: str = Field(examples=["3-17"])
    action: str = Field(examples=["redriven"])
    by: str = Field(examples=["Dana Reyes (dana@acme.example)"])
