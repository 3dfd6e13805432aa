"""Responses about runs and about the button, as JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from console.read_model.store.views import Page, RunView, VendorState
from schemas.records.integration import FieldGroup, Mode

RUN = "01978d3c-5a7e-7c11-a0d2-3b1f6f1f0c55"
T = TypeVar("T")
A = TypeVar("A")


class PageAnswer(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Ask with `cursor` for what follows; null: there is no more.")
    total: int = Field(description="Of the whole list under its filter.", ge=0)


class ButtonAnswer(BaseModel):
    """Whether the button works, and what it would write."""

    available: bool
    reason: str | None = Field(description="Why it is not available, as a sentence; null when it is.")
    system: str | None = Field(examples=["vantaca"])
    mode: Mode | None = Field(examples=["two_way"])
    pushes: list[FieldGroup] = Field(description="What VIVE owns at this client.", examples=[["status", "insurance"]])


class RunLinks(BaseModel):
    """Addresses with more about the run."""

    self: str = Field(examples=[f"/clients/acme/sync-runs/{RUN}"])
    vendors: str = Field(examples=[f"/clients/acme/sync-runs/{RUN}/vendors"])
    progress: str = Field(examples=[f"/clients/acme/sync-runs/{RUN}/progress"])

    @classmethod
    def to(cls, client_id: str, run_id: str) -> Self:
        """The links of this run."""
        here = f"/clients/{client_id}/sync-runs/{run_id}"
        return cls(self=here, vendors=f"{here}/vendors", progress=f"{here}/progress")


class PressedAnswer(BaseModel):
    """The press is queued."""

    run_id: str = Field(examples=[RUN])
    message: str = Field(examples=["All linked vendors have been queued for sync."])
    links: RunLinks


class RunAnswer(BaseModel):
    """A run and its counts. Every linked vendor counts once in `by_state`; the unlinked stand apart."""

    model_config = ConfigDict(from_attributes=True)

    run_id: str = Field(examples=[RUN])
    requested_by: str = Field(examples=["Dana Reyes (dana@acme.example)"])
    cause: str = Field(examples=["sync_all"])
    at: datetime
    refusal: str | None = Field(description="Why nothing was queued, as a sentence; null when something was.")
    expanded: bool = Field(description="Whether all its vendors are known; until then `total` grows.")
    done: bool
    ended_at: datetime | None
    queued: int
    already_in_progress: int
    unlinked: int
    unknown: int
    total: int = Field(description="Linked vendors.")
    settled: int = Field(description="Vendors with an outcome.")
    by_state: dict[VendorState, int]
    revision: int = Field(description="Grows with every change of what is told here.")
    links: RunLinks

    @classmethod
    def of(cls, run: RunView) -> Self:
        """The response for this run."""
        return cls(
            run_id=run.run_id,
            requested_by=run.requested_by,
            cause=run.cause,
            at=run.at,
            refusal=run.refusal,
            expanded=run.expanded,
            done=run.done,
            ended_at=run.ended_at,
            queued=run.queued,
            already_in_progress=run.already_in_progress,
            unlinked=run.unlinked,
            unknown=run.unknown,
            total=run.total,
            settled=run.settled,
            by_state={state: run.by_state.get(state, 0) for state in OF_A_RUN},
            revision=run.revision,
            links=RunLinks.to(run.client_id, run.run_id),
        )


OF_A_RUN = tuple(state for state in VendorState if state not in {VendorState.UNLINKED, VendorState.NEVER_SYNCED})
"""The states that a linked vendor of a run can be in."""


def page_of(page: Page[T], convert: Callable[[T], A]) -> PageAnswer[A]:
    """The response for this page; ``convert`` makes the response of one item."""
    return PageAnswer(items=[convert(item) for item in page.items], next_cursor=page.next_cursor, total=page.total)
